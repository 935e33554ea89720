import type { Refusal } from "../model";

/** A step that was left out keeps all after it from beginning. @param step its name in Pulumi's display */
export function refusalOfLeftOut(step: string): Refusal {
  return {
    kind: "refused",
    rule: "no_step_is_left_out",
    reason: `the step ${step} has not been done in this run, so the steps after it do not begin: Milvus could start on metadata that is not its own. pulumi up was told to leave it out (--target, --exclude), or to go on after an error (--continue-on-error).`,
    remedy: "Run pulumi up without these options. It plans anew from what is there, and finishes what was begun.",
    source: "Pulumi documentation, pulumi up",
  };
}
