"""The words of the report, and its summary, in English and Chinese."""

from __future__ import annotations

from typing import Any, Dict

Document = Dict[str, Any]

LANGUAGES = ("en", "zh")

WORDS: dict[str, dict[str, str]] = {
    "title": {"en": "Log report", "zh": "日志报告"},
    "summary": {"en": "Summary", "zh": "摘要"},
    "entries": {"en": "Entries", "zh": "日志条目"},
    "broken": {"en": "Broken lines", "zh": "损坏的行"},
    "requests": {"en": "Requests", "zh": "请求"},
    "requests_by_hour": {"en": "Requests by hour (UTC)", "zh": "每小时请求数（UTC）"},
    "p95_by_hour": {"en": "95th percentile by hour, ms", "zh": "每小时 P95 响应时间（毫秒）"},
    "error_rate": {"en": "Error rate (5xx)", "zh": "错误率（5xx）"},
    "average": {"en": "Average", "zh": "平均"},
    "by_status": {"en": "Status", "zh": "状态码"},
    "by_method": {"en": "Method", "zh": "方法"},
    "endpoints": {"en": "Endpoints", "zh": "接口"},
    "endpoint": {"en": "Endpoint", "zh": "接口"},
    "errors": {"en": "Errors", "zh": "错误"},
    "errors_by_hour": {"en": "Errors by hour (UTC)", "zh": "每小时错误数（UTC）"},
    "by_type": {"en": "By type", "zh": "按类型"},
    "count": {"en": "Count", "zh": "次数"},
    "type": {"en": "Type", "zh": "类型"},
    "message": {"en": "Message", "zh": "信息"},
    "sample": {"en": "Sample", "zh": "示例"},
    "first": {"en": "First", "zh": "首次"},
    "last": {"en": "Last", "zh": "最近"},
    "slow_requests": {"en": "Slow requests", "zh": "慢请求"},
    "slow": {"en": "Slow", "zh": "慢"},
    "slow_queries": {"en": "Slow queries", "zh": "慢查询"},
    "statement": {"en": "Statement", "zh": "语句"},
    "longest": {"en": "Longest", "zh": "最长"},
    "time": {"en": "Time (UTC)", "zh": "时间（UTC）"},
    "duration": {"en": "ms", "zh": "毫秒"},
    "path": {"en": "Path", "zh": "路径"},
    "users": {"en": "Users", "zh": "用户"},
    "user": {"en": "User", "zh": "用户"},
    "actions": {"en": "Actions", "zh": "操作"},
    "total": {"en": "Total", "zh": "合计"},
    "traffic": {"en": "Sent", "zh": "发送流量"},
    "none": {"en": "none", "zh": "无"},
    "hour": {"en": "Hour", "zh": "小时"},
    "source": {"en": "Counted from", "zh": "数据来源"},
    "from_to": {"en": "{since} to {until} UTC", "zh": "{since} 至 {until}（UTC）"},
    "everything": {"en": "everything up to {until} UTC", "zh": "截至 {until}（UTC）的全部日志"},
    "rollups": {"en": "hourly figures of the monitoring", "zh": "监控的每小时汇总"},
    "files": {"en": "{count} files", "zh": "{count} 个文件"},
}


def word(key: str, language: str, **values: object) -> str:
    return WORDS[key][language].format(**values)


def size(count: int) -> str:
    """Return bytes as a person reads them."""
    amount = float(count)
    for unit in ("B", "KB", "MB", "GB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TB"


def moment(stamp: str) -> str:
    """Return a time of the document without the letters."""
    return stamp[:16].replace("T", " ")


def duration(ms: float | None) -> str:
    return "-" if ms is None else f"{ms:.0f}" if ms >= 10 else f"{ms:.1f}"


def covered(document: Document, language: str) -> str:
    """Return which time the report is about."""
    source = document["source"]
    until = moment(source["until"])
    if source["since"] is None:
        return word("everything", language, until=until)
    return word("from_to", language, since=moment(source["since"]), until=until)


def summary(document: Document, language: str) -> list[str]:
    """Return the report in sentences, the most important first."""
    return _chinese(document) if language == "zh" else _english(document)


def _english(document: Document) -> list[str]:
    requests, errors, slow = document["requests"], document["errors"], document["slow_requests"]
    said = []
    if not requests["requests"]:
        said.append("No request was logged.")
    else:
        said.append(
            f"{requests['requests']:,} requests; {requests['errors_5xx']:,} failed"
            f" ({requests['error_rate_percent']:.2f} %), {requests['errors_4xx']:,} were refused"
            " or not found."
        )
    if requests["p95_ms"] is not None:
        said.append(
            f"Half were answered within {duration(requests['p50_ms'])} ms, 95 % within"
            f" {duration(requests['p95_ms'])} ms, 99 % within {duration(requests['p99_ms'])} ms"
            f" (average {duration(requests['average_ms'])} ms)."
        )
    if slow["total"]:
        worst = slow["slowest"][0]
        said.append(
            f"{slow['total']:,} took longer than {slow['above_ms']} ms; the slowest, {worst['method']}"
            f" {worst['endpoint']}, {worst['ms'] / 1000:.1f} s."
        )
    if errors["total"]:
        most = errors["most_frequent"][0]
        said.append(
            f"{errors['total']:,} errors in {errors['groups']:,} kinds; the most frequent"
            f" ({most['count']:,} times):"
            f" {most['type']}: {most['message']}"
        )
    else:
        said.append("No error was logged.")
    if document["slow_queries"]["total"]:
        said.append(f"{document['slow_queries']['total']:,} slow queries of the database.")
    if document["users"]:
        busiest = document["users"][0]
        said.append(
            f"{len(document['users'])} users were active; the busiest, {busiest['user']},"
            f" {busiest['total']:,} times."
        )
    if document["broken_lines"]:
        said.append(f"{document['broken_lines']:,} lines could not be understood.")
    return said


def _chinese(document: Document) -> list[str]:
    requests, errors, slow = document["requests"], document["errors"], document["slow_requests"]
    said = []
    if not requests["requests"]:
        said.append("没有请求记录。")
    else:
        said.append(
            f"共 {requests['requests']:,} 个请求；{requests['errors_5xx']:,} 个失败"
            f"（{requests['error_rate_percent']:.2f} %），{requests['errors_4xx']:,} 个被拒绝或未找到。"
        )
    if requests["p95_ms"] is not None:
        said.append(
            f"一半的请求在 {duration(requests['p50_ms'])} 毫秒内响应，"
            f"95 % 在 {duration(requests['p95_ms'])} 毫秒内，"
            f"99 % 在 {duration(requests['p99_ms'])} 毫秒内（平均 {duration(requests['average_ms'])} 毫秒）。"
        )
    if slow["total"]:
        worst = slow["slowest"][0]
        said.append(
            f"{slow['total']:,} 个请求超过 {slow['above_ms']} 毫秒；最慢的是 {worst['method']}"
            f" {worst['endpoint']}，{worst['ms'] / 1000:.1f} 秒。"
        )
    if errors["total"]:
        most = errors["most_frequent"][0]
        said.append(
            f"共 {errors['total']:,} 个错误，{errors['groups']:,} 类；最常见（{most['count']:,} 次）："
            f"{most['type']}：{most['message']}"
        )
    else:
        said.append("没有错误记录。")
    if document["slow_queries"]["total"]:
        said.append(f"数据库慢查询 {document['slow_queries']['total']:,} 次。")
    if document["users"]:
        busiest = document["users"][0]
        said.append(
            f"{len(document['users'])} 位用户有操作；最活跃的是 {busiest['user']}，{busiest['total']:,} 次。"
        )
    if document["broken_lines"]:
        said.append(f"{document['broken_lines']:,} 行无法解析。")
    return said
