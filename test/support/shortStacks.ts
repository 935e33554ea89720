import { createRequire } from "node:module";

/** Mocha asks for stacks without end. A refusal is an error: of thousands that are planned, the stacks took longer than the plans. */
Error.stackTraceLimit = 20;

/** Pulumi keeps a stack with each of its promises, to name those that leak: of every run thousands, which take a tenth of its time. */
type Watch = (promise: object, context: string) => object;

const debuggable = createRequire(__filename)("@pulumi/pulumi/runtime/debuggable") as { debuggablePromise: Watch };
const { debuggablePromise } = debuggable;

debuggable.debuggablePromise = (promise, context) => {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return debuggablePromise(promise, context);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
};
