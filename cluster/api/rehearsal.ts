import { isSuccess, type ServerAnswer } from "./http";

/** What the API server said to a change that it was only shown. */
export type Verdict =
  | { readonly kind: "taken" }
  | { readonly kind: "refused"; readonly reasons: readonly Objection[] }
  /** The object to change is not there, or the one to create is. */
  | { readonly kind: "missing" | "exists" }
  /** It did not judge: no right to ask, a webhook that knows no dry run, an error of its own. */
  | { readonly kind: "unknown"; readonly why: string };

export interface Objection {
  /** `spec.selector`; missing where the whole object is meant. */
  readonly path?: string;
  /** In the server's words, without the value: it may be a whole pod template. */
  readonly why: string;
}

interface Status {
  readonly message?: string;
  readonly details?: { readonly causes?: readonly { readonly field?: string; readonly message?: string }[] };
}

const LONGEST = 300;

export function verdictOf({ status, text }: ServerAnswer): Verdict {
  if (isSuccess(status)) return { kind: "taken" };
  const { message = `HTTP ${status}`, details } = statusOf(text);
  if (/does not support dry.?run/i.test(message)) return { kind: "unknown", why: short(message) };
  switch (status) {
    case 403:
      return / cannot (create|patch|update) resource /.test(message)
        ? { kind: "unknown", why: `not permitted: ${short(message)}` }
        : { kind: "refused", reasons: [{ why: short(message) }] };
    case 404:
      return { kind: "missing" };
    case 409:
      return { kind: "exists" };
    case 400:
    case 422: {
      const causes = details?.causes ?? [];
      return {
        kind: "refused",
        reasons:
          causes.length === 0
            ? [{ why: short(message) }]
            : causes.map((cause) => ({
                ...(cause.field !== undefined && { path: cause.field }),
                why: short(cause.message ?? message),
              })),
      };
    }
    default:
      return { kind: "unknown", why: short(message) };
  }
}

function statusOf(text: string): Status {
  try {
    return JSON.parse(text) as Status;
  } catch {
    return {};
  }
}

/** `Invalid value: {"spec":…}: field is immutable` without the value. */
function short(message: string): string {
  const plain = message.replace(/(Invalid|Duplicate|Unsupported) value: .*: ([^:]+)$/s, "$2").replaceAll("\n", " ");
  return plain.length > LONGEST ? `${plain.slice(0, LONGEST)}…` : plain;
}
