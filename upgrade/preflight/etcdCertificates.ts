/** Whether the Jobs on the metadata get certificates with which they can ask etcd. */
import { secretLine } from "../metadata/metaStore";
import type { EtcdTls } from "../model";
import { list } from "../refusal";
import type { CertificateFile, EtcdSecretFacts } from "./facts";
import type { Finding, Subject } from "./subject";

const check = "etcdCertificates";

export function etcdCertificateFindings({ plan, facts, state, namespace }: Subject): Finding[] {
  const tls = plan.migration?.store.tls;
  const { etcdSecret } = facts;
  if (tls === undefined || etcdSecret === undefined) return [];
  const subject = `The Secret ${tls.secret} of milvus:etcdTls`;
  const remedy = `Put the files that Milvus itself uses into it: ${secretLine(namespace, tls)}`;
  if (etcdSecret.kind === "missing") {
    return [
      {
        check,
        level: "error",
        message: `${subject} is not in namespace ${namespace}: the pods of the Jobs would wait for it until their time is over.`,
        remedy: `${remedy}. Or name another one: pulumi config set --path milvus:etcdTls.secret NAME`,
      },
    ];
  }
  if (etcdSecret.kind === "forbidden") {
    return [
      {
        check,
        level: "warn",
        message: `${subject} may not be read with the credentials of the kubeconfig, so nobody has looked whether it is there with ${tls.caFile}, ${tls.certificateFile} and ${tls.keyFile}, and whether they are still valid.`,
        remedy: `Look: kubectl -n ${namespace} describe secret ${tls.secret}. Without them the probe fails before anything is stopped.`,
      },
    ];
  }
  const problems = problemsOf(etcdSecret, tls, state.observedAt);
  return problems.length === 0
    ? []
    : [{ check, level: "error", message: `${subject} cannot be used: ${problems.join("; ")}.`, remedy }];
}

function problemsOf(
  { names, ca, certificate, key }: Extract<EtcdSecretFacts, { kind: "read" }>,
  { caFile, certificateFile, keyFile }: EtcdTls,
  now: string | undefined,
): string[] {
  const has = names.length === 0 ? "it is empty" : `it has ${list(names)}`;
  const isAlone = (one: string, other: string) =>
    `it has ${one} and no ${other}: a certificate of the client needs its key, and without a certificate neither is used`;
  return [
    ...(ca.state === "absent" ? [`it has no ${caFile}, the CA that has signed etcd's certificate (${has})`] : []),
    ...unusable(caFile, ca, now),
    ...(certificate.state !== "absent" && key.state === "absent" ? [isAlone(certificateFile, keyFile)] : []),
    ...(certificate.state === "absent" && key.state !== "absent" ? [isAlone(keyFile, certificateFile)] : []),
    ...unusable(certificateFile, certificate, now),
    ...(key.state === "unreadable" ? [`${keyFile} is not a private key in PEM without a password`] : []),
    ...(key.fits === false ? [`${keyFile} is not the key of ${certificateFile}`] : []),
  ];
}

function unusable(file: string, { state, endsAt }: CertificateFile, now: string | undefined): string[] {
  if (state === "unreadable") return [`${file} is not a certificate in PEM`];
  if (endsAt === undefined || now === undefined || Date.parse(endsAt) > Date.parse(now)) return [];
  return [`${file} has expired at ${endsAt}`];
}
