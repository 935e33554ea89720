import { beginningOf, hideKnown, hideSecrets } from "../../upgrade/secrets/text";
import { CAUSE_TEXTS, CAUSES, type Cause } from "./causes";
import { beginning, eventFindings, eventsOf, said, timeOf } from "./events";
import type { Evidence, Finding, Pod, Subject } from "./evidence";
import { endedBefore, podFindings } from "./pods";

const SHOWN_EVENTS = 5;
const SHOWN_OBJECTS = 3;
const SHOWN_OTHERS = 4;
/** What the script of the metadata says at most, with what to type at its end. */
const LONGEST_MESSAGE = 1800;
const LONGEST_LOG_LINE = 1000;
/** Characters of a text that are looked at: anybody may write to a log, and to hide secrets takes time. */
const LONGEST_READ = 16_000;
const LONGEST_LINE_READ = 4000;

/** Where the log is that says more. */
export interface LogSource {
  readonly pod: string;
  readonly container?: string;
  /** Of the start before this one. */
  readonly previous: boolean;
}

/** Why a Release or Job does not get on. */
export interface Diagnosis {
  readonly subject: Subject;
  readonly cause: Cause;
  /** Objects with this cause, `pod NAME` first; at least one. */
  readonly objects: readonly [string, ...string[]];
  readonly container?: string;
  readonly state?: string;
  readonly exitCode?: number;
  /** What Kubernetes or the container said. */
  readonly message?: string;
  /** The last ones about the object, newest first. */
  readonly events: readonly string[];
  readonly logSource?: LogSource;
  /** Other causes seen, one sentence each. */
  readonly others: readonly string[];
}

/** The likeliest cause in the evidence; undefined when everything that was read looks well. */
export function diagnose(evidence: Evidence): Diagnosis | undefined {
  const found = findings(evidence).sort((a, b) => rank(a.cause) - rank(b.cause));
  const [first] = found;
  if (first === undefined) {
    return undefined;
  }
  const same = found.filter(({ cause }) => cause === first.cause);
  // Of several objects with the same trouble, the one that says most.
  const chief = same.find(({ message, pod }) => message !== undefined && pod !== undefined) ?? first;
  const objects = [...new Set([chief.object, ...same.map(({ object }) => object)])] as [string, ...string[]];
  const { container, state, exitCode, message } = chief;
  return {
    subject: evidence.subject,
    cause: chief.cause,
    objects,
    ...(container === undefined ? {} : { container }),
    ...(state === undefined ? {} : { state }),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(message === undefined ? {} : { message }),
    events: lastEvents(evidence, objects, message),
    ...(chief.pod === undefined || state?.startsWith("Pending, not scheduled") === true
      ? {}
      : {
          logSource: {
            pod: chief.pod,
            ...(container === undefined ? {} : { container }),
            previous: chief.previous ?? false,
          },
        }),
    others: otherCauses(found, chief.cause),
  };
}

/**
 * The diagnosis in words, for a log: what, which object, why, the last events and lines of log, and what to do.
 * @param hide texts that must not appear, such as passwords from the Helm values
 */
export function describeDiagnosis(
  diagnosis: Diagnosis,
  log: readonly string[] = [],
  hide: readonly string[] = [],
): string {
  const { subject, cause, objects, container, exitCode, state, message, events, others } = diagnosis;
  const text = CAUSE_TEXTS[cause];
  const more = objects.length - SHOWN_OBJECTS;
  const names = objects.slice(0, SHOWN_OBJECTS).join(", ") + (more > 0 ? ` and ${more} more` : "");
  const title =
    container === undefined ? text.title : text.title.replace("its init container", `its init container ${container}`);
  const code = exitCode === undefined ? "" : `, exit code ${exitCode}`;
  const name = objects[0].split(" ").at(-1) ?? subject.name;
  const lines = [
    `${subject.kind} ${subject.namespace}/${subject.name}: ${names}: ${title}${code}.`,
    ...(state === undefined ? [] : [`  state: ${state}${container === undefined ? "" : ` (container ${container})`}`]),
    ...(message === undefined ? [] : [`  said: ${indent(clean(message, hide))}`]),
    ...section(
      "last events:",
      events.map((event) => clean(event, hide)),
    ),
    ...section("last lines of its log:", cleanLog(log, hide)),
    `  what to do: ${text.remedy.replaceAll("NS", subject.namespace).replaceAll("NAME", name)}`,
    ...section("also seen:", others),
  ];
  return hideKnown(lines.join("\n"), hide);
}

function clean(text: string, hide: readonly string[]): string {
  return shorten(hideSecrets(beginningOf(text, LONGEST_READ, hide), hide), LONGEST_MESSAGE);
}

/** The lines together: a key may be on several. */
function cleanLog(log: readonly string[], hide: readonly string[]): string[] {
  if (log.length === 0) return [];
  const text = log.map((line) => beginningOf(line, LONGEST_LINE_READ, hide)).join("\n");
  return hideSecrets(text, hide)
    .split("\n")
    .map((line) => shorten(line, LONGEST_LOG_LINE));
}

function findings(all: Evidence): Finding[] {
  const since = beginning(all);
  const evidence = { ...all, pods: all.pods.filter((pod) => !endedBefore(pod, since)) };
  const fromPods = evidence.pods.flatMap((pod) => podFindings(pod, evidence.now));
  const troubled = new Set(evidence.pods.filter(isInTrouble).map(({ metadata }) => metadata?.name ?? ""));
  const found = [...fromPods, ...eventFindings(evidence, troubled), ...jobFindings(evidence)];
  return found.length > 0
    ? found
    : evidence.pods.filter((pod) => isInTrouble(pod) && !isAtWork(pod, all)).map(notStarted);
}

/** The Job's own condition says little; it counts when nothing else does. */
function jobFindings({ job }: Evidence): Finding[] {
  const failed = job?.status?.conditions?.find(({ type, status }) => type === "Failed" && status === "True");
  if (failed === undefined) {
    return [];
  }
  const cause = failed.reason === "DeadlineExceeded" ? "deadlineExceeded" : "backoffLimitExceeded";
  const object = `Job ${job?.metadata?.name ?? ""}`;
  return [{ cause, object, ...(failed.message === undefined ? {} : { message: failed.message }) }];
}

function isInTrouble({ status }: Pod): boolean {
  const isReady = status?.conditions?.some((it) => it.type === "Ready" && it.status === "True") ?? false;
  return !isReady && status?.phase !== "Succeeded";
}

/** The commands of a Job are init containers: its pod counts as pending while they do their work. */
function isAtWork({ status }: Pod, { subject }: Evidence): boolean {
  return (
    subject.kind === "Job" && (status?.initContainerStatuses ?? []).some(({ state }) => state?.running !== undefined)
  );
}

function notStarted({ metadata, status }: Pod): Finding {
  const name = metadata?.name ?? "";
  const waiting = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].find(
    ({ state }) => state?.waiting !== undefined,
  )?.state?.waiting;
  const state = `${status?.phase ?? "Unknown"}${waiting === undefined ? "" : `, waiting: ${waiting.reason ?? "no reason given"}`}`;
  return { cause: "notStarted", object: `pod ${name}`, pod: name, state };
}

function otherCauses(found: readonly Finding[], chief: Cause): string[] {
  // The Job's own condition says that nothing is left to look at: here there is.
  const isOther = ({ cause }: Finding) => cause !== chief && cause !== "backoffLimitExceeded";
  const others = [...new Map(found.filter(isOther).map((it) => [it.cause, it])).values()];
  return others.slice(0, SHOWN_OTHERS).map(({ cause, object }) => `${object}: ${CAUSE_TEXTS[cause].title}`);
}

/** The last events about the objects, one line for all that say the same; without what `message` says already. */
function lastEvents(evidence: Evidence, objects: readonly string[], message: string | undefined): string[] {
  const names = new Set(objects.map((object) => object.split(" ").at(-1)));
  const lines = new Map<string, { readonly time: string; readonly count: number; readonly text: string }>();
  for (const event of eventsOf(evidence).filter(({ involvedObject }) => names.has(involvedObject.name))) {
    const text = said(event);
    const key = `${event.reason ?? ""} ${withoutNames(text)}`;
    const known = lines.get(key);
    const count = event.series?.count ?? event.count ?? 1;
    lines.set(key, {
      time: known?.time ?? timeOf(event).slice(11, 19),
      count: (known?.count ?? 0) + count,
      text: known?.text ?? `${event.reason ?? ""}${isSame(text, message) ? "" : `: ${text}`}`,
    });
  }
  return [...lines.values()]
    .slice(0, SHOWN_EVENTS)
    .map(({ time, count, text }) => `${time} UTC${count > 1 ? `, ${count} times` : ""}, ${text}`);
}

function isSame(text: string, message: string | undefined): boolean {
  return message !== undefined && withoutNames(text) === withoutNames(message);
}

/** Every pod of a ReplicaSet has another name; the trouble is the same. */
function withoutNames(text: string): string {
  return text.replace(/pods? "[^"]*"/g, "pod");
}

function rank(cause: Cause): number {
  return CAUSES.indexOf(cause);
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`  ${title}`, ...lines.map((line) => `    ${indent(line)}`)];
}

function indent(text: string): string {
  return text.replaceAll("\n", "\n    ");
}

function shorten(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
