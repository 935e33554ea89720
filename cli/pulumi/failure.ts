import { UsageError } from "./project";

/** What Pulumi says and a beginner meets, with what to type. The words are those of Pulumi 3.259. */
const KNOWN: readonly { readonly says: RegExp; readonly remedy: (stack: string) => string }[] = [
  {
    says: /PULUMI_ACCESS_TOKEN must be set|no current backend|not logged in|please (?:run|use) .?pulumi login/i,
    remedy: () =>
      "Pulumi is not logged in. To keep its state on this machine only: pulumi login --local. In a team: pulumi login s3://BUCKET. Then run this again.",
  },
  {
    says: /passphrase must be set/i,
    remedy: () =>
      "Give the passphrase that was chosen at pulumi stack init: export PULUMI_CONFIG_PASSPHRASE=PASSPHRASE. Then run this again.",
  },
  {
    says: /incorrect passphrase/i,
    remedy: () =>
      "PULUMI_CONFIG_PASSPHRASE is not the passphrase of this stack: give the one that was chosen at pulumi stack init.",
  },
  {
    says: /no stack named/i,
    remedy: (stack) => `Make the stack: pulumi stack init ${stack}. Then run this again.`,
  },
];

/**
 * A command of Pulumi that failed, in Pulumi's words, with what to type where the cause is known.
 *
 * @param what half a sentence, e.g. `pulumi stack ls failed`
 * @param otherwise what to type for any other cause; default: nothing is added
 */
export function pulumiFailure(what: string, stderr: string, stack: string, otherwise?: string): UsageError {
  const known = KNOWN.find(({ says }) => says.test(stderr));
  const remedy = known?.remedy(stack) ?? otherwise;
  return new UsageError(`${what}: ${lastError(stderr)}${remedy === undefined ? "" : `\n${remedy}`}`);
}

/** pulumi's own message, which never has the secret in it. */
export function lastError(stderr: string): string {
  const line = stderr.split("\n").findLast((it) => it.startsWith("error:"));
  return (line ?? stderr.trim().split("\n").at(-1) ?? "").replace(/^error: /, "");
}
