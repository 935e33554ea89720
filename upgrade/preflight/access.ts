/** Whether the verification after the run will be let in. */
import { configLine } from "../refusal";
import { serviceSecurity } from "../values/serviceSecurity";
import type { Finding, Subject } from "./subject";

const check = "serviceAccess";
const level = "warn";

export function accessFindings({ plan, verification }: Subject): Finding[] {
  if (verification === undefined || verification.mode === "off" || verification.areSecretsLater === true) return [];
  const { credentials, tls } = verification;
  const { authorization, tls: wanted, unseen } = serviceSecurity(plan.values, plan.chart.version);
  const off = `Or verify nothing: ${configLine("verify", "off")}.`;
  if (unseen !== undefined && credentials === undefined && tls === undefined) {
    return [
      {
        check,
        level,
        message: `Milvus' configuration is the ConfigMap ${unseen} (customConfigMap): whether it switches on authorization or TLS is not seen here.`,
        remedy: `If it does, set milvus:credentials and milvus:tls, or the verification after the run fails. ${off}`,
      },
    ];
  }
  const findings: Finding[] = [];
  if (authorization !== undefined && credentials === undefined) {
    findings.push({
      check,
      level,
      message: `Authorization is on (${authorization}), and milvus:credentials is not set: ${FAILS}`,
      remedy: `Set a user of Milvus: pulumi config set --path --secret milvus:credentials.username NAME, and then pulumi config set --path --secret milvus:credentials.password PASSWORD. ${off}`,
    });
  }
  if (wanted !== undefined && tls === undefined) {
    findings.push({
      check,
      level,
      message: `TLS is on (${wanted.setting}), and milvus:tls is not set: ${FAILS}`,
      remedy: `Give the CA of the certificate and the name in it: pulumi config set --path milvus:tls.ca PEM, and then pulumi config set --path milvus:tls.serverName NAME. ${off}`,
    });
  } else if (wanted?.isMutual === true && (tls?.certificate === undefined || tls.key === undefined)) {
    findings.push({
      check,
      level,
      message: `Milvus asks clients for a certificate (${wanted.setting} is 2), and milvus:tls has no certificate and key: ${FAILS}`,
      remedy: `Give both: pulumi config set --path --secret milvus:tls.certificate PEM, and then pulumi config set --path --secret milvus:tls.key PEM. ${off}`,
    });
  }
  return findings;
}

const FAILS =
  "the verification after the run would fail when its time is over (timeouts.verify), with everything in place, and the next upgrade would be refused.";
