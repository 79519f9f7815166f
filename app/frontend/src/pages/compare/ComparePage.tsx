import "./compare.css";
import { PageHead } from "../../components/States";
import { useI18n } from "../../i18n/I18n";
import { useQuery } from "../../lib/router";
import { CompareForm } from "./CompareForm";
import { Recent } from "./Recent";
import { Result } from "./Result";

export default function ComparePage() {
  const { t } = useI18n();
  const query = useQuery();
  const job = query.get("job");
  if (job !== null) return <Result key={job} job={job} />;
  return (
    <div className="stack">
      <PageHead title={t("compare.title")} lead={t("compare.lead")} />
      <CompareForm
        key={query.toString()}
        left={query.get("left")}
        right={query.get("right")}
        from={Number(query.get("from")) || null}
        to={Number(query.get("to")) || null}
      />
      <Recent />
    </div>
  );
}
