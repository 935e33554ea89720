import * as pulumi from "@pulumi/pulumi";
import { ClusterError } from "../cluster/errors";
import { ConfigError } from "../config/configError";
import { RefusalError } from "../upgrade/refusal";
import { describePlan } from "../upgrade/words/describe";
import { oneLine, severalLines } from "../upgrade/words/visible";
import { ServiceError } from "../verify/service";

/** Ends the run with a message for people, on the component and without a stack trace. */
export class UpgradeStopped extends pulumi.ResourceError {
  constructor(text: string, component: pulumi.Resource) {
    super(text, component, true);
    // The SDK writes "error serializing property" before the message of what ends an exported output, once for each of them.
    Object.defineProperty(this, "message", { get: () => text, set: () => undefined });
    // With a stack the SDK inspects the error for its trace, and with it all resources: ten seconds, in which nothing is said.
    Object.defineProperty(this, "stack", { value: undefined });
  }
}

/** What is for people, as such; anything else is a defect, and keeps its stack trace. */
export function asStopped(error: unknown, component: pulumi.Resource, words: (text: string) => string): unknown {
  // Words first: they hide secrets, which are looked for as they are.
  if (error instanceof RefusalError) {
    const lines = describePlan(error.refusal).map((line) => oneLine(words(line)));
    return new UpgradeStopped(lines.join("\n"), component);
  }
  const isForPeople = [ConfigError, ClusterError, ServiceError].some((Kind) => error instanceof Kind);
  return isForPeople ? new UpgradeStopped(severalLines(words((error as Error).message)), component) : error;
}
