"""Kind `compare`: two versions of a table, or two tables; kept as pages to look at and as a workbook."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path, PurePosixPath

from app import documents
from app.compare import workbook
from app.compare.align import NoSuchColumn
from app.compare.comparison import FORMAT, Comparison, Side, compare
from app.jobs import lifecycle, results
from app.jobs.progress import Report, part
from app.models import DocumentVersion, now
from app.services import Services
from app.storage import safe_name
from app.tables.cache import TableCache, opened


def comparison_path(services: Services, job_id: str) -> Path:
    """Where the pages of a job's comparison are."""
    return services.config.comparisons_dir / f"{job_id}.v{FORMAT}.db"


def run(services: Services, held: lifecycle.Claim, report: Report) -> None:
    """Raises lifecycle.Refused, lifecycle.Superseded, TableRefused, StorageFull."""
    config = services.config
    left, right = _versions(services, held)
    target = comparison_path(services, held.job_id)
    key = held.parameters.get("key")
    with (
        opened(config.tables_dir, config.files_dir, left.path, part(report, 0.0, 0.3)) as one,
        opened(config.tables_dir, config.files_dir, right.path, part(report, 0.3, 0.6)) as other,
    ):
        before, after = (Side(table, _sheet(table, held.parameters.get("sheet"))) for table in (one, other))
        try:
            counts = compare(before, after, key, target, part(report, 0.6, 0.8))
        except NoSuchColumn:
            names = ", ".join(str(cell) for cell in before.header() if cell is not None)
            raise lifecycle.Refused(f"both tables need a column {key!r}; the first has: {names}") from None
    with Comparison(target) as found, services.files.stage() as staged:
        workbook.write(found, staged, config.tmp_dir, part(report, 0.8, 1.0))
        stem = PurePosixPath(right.document.name).stem
        name = safe_name(f"compare-{stem}-{now():%Y%m%d-%H%M%S}.xlsx")
        results.keep(services, held, staged, name, summary=asdict(counts))


def _versions(services: Services, held: lifecycle.Claim) -> list[DocumentVersion]:
    wanted = zip(held.parameters["documents"], held.parameters["versions"], strict=True)
    with services.database.read() as session:
        found = [documents.find_version(session, document, number, held) for document, number in wanted]
    versions = [version for version in found if version is not None]
    if len(versions) != 2:
        raise lifecycle.Refused("what was to be compared no longer exists")
    return versions


def _sheet(table: TableCache, name: str | None) -> int:
    names = [sheet.name for sheet in table.sheets]
    # A csv file has one sheet and no name for it.
    if name is None or names == [""]:
        return 0
    if name not in names:
        raise lifecycle.Refused(f"there is no sheet {name!r}; there are: {', '.join(names)}")
    return names.index(name)
