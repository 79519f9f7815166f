import type { TimedTask } from "../../api/types";
import { Moment } from "../../components/Moment";
import { useI18n } from "../../i18n/I18n";
import type { Key } from "../../i18n/translate";

const known: Readonly<Record<string, Key>> = {
  retention: "task.retention",
  cleanup: "task.cleanup",
  statistics: "task.statistics",
};
const words: Readonly<Record<string, Key>> = {
  ok: "system.result.ok",
  succeeded: "system.result.ok",
  failed: "system.result.failed",
  running: "jobs.status.running",
};

/** What the service does by itself at its times. */
export function Tasks({ tasks }: { readonly tasks: readonly TimedTask[] }) {
  const { t } = useI18n();
  return (
    <section className="card" aria-labelledby="tasks-title">
      <header className="card-head">
        <h2 id="tasks-title">{t("system.tasks")}</h2>
      </header>
      {tasks.length === 0 ? (
        <p className="pad muted">{t("system.tasks.none")}</p>
      ) : (
        <table className="table">
          <caption className="visually-hidden">{t("system.tasks")}</caption>
          <thead>
            <tr>
              <th scope="col">{t("system.task")}</th>
              <th scope="col">{t("system.task.last")}</th>
              <th scope="col" className="wide">
                {t("system.task.next")}
              </th>
              <th scope="col">{t("system.task.result")}</th>
            </tr>
          </thead>
          <tbody>
            {tasks.map((task) => (
              <Row key={task.name} task={task} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Row({ task }: { readonly task: TimedTask }) {
  const { t } = useI18n();
  const name = known[task.name];
  const word = task.status === null ? undefined : words[task.status];
  return (
    <tr>
      <th scope="row">
        {name === undefined ? task.name : t(name)}
        {task.message !== null && task.message !== "" && <small className="task-message">{task.message}</small>}
      </th>
      <td>{task.last_run === null ? t("users.never") : <Moment iso={task.last_run} />}</td>
      <td className="wide">{task.next_run === null ? "–" : <Moment iso={task.next_run} />}</td>
      <td>
        {task.status !== null && (
          <span className={`tag tag-${task.status === "succeeded" ? "ok" : task.status}`}>
            {word === undefined ? task.status : t(word)}
          </span>
        )}
      </td>
    </tr>
  );
}
