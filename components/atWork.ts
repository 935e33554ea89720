/**
 * What a run needs once it is at work: it watches, explains and verifies. Loaded then, as one, since most runs are previews, and
 * Pulumi compiles every file that is loaded.
 */
export { diagnoseUpgrade } from "../cluster/diagnose/diagnoseUpgrade";
export { failedRecordOf } from "../cluster/helm/failedRecord";
export { describeInterrupted } from "../run/interrupted";
export { prepull } from "../run/prepull";
export { snapshotBefore, verifyUpgrade } from "../verify/verify";
export { nameIn, stepListener } from "./stepListener";
