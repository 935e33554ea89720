/** One exchange with an API server, whatever carries it. */

export interface HttpCall {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** From the server's address on, with the query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

/** What the API server sent. */
export interface ServerAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** An answer as it came: its body may be packed. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** The way to one API server. */
export type Transport = (call: HttpCall) => Promise<ServerAnswer>;

export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}
