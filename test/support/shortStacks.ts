/** Mocha asks for stacks without end. A refusal is an error: of thousands that are planned, the stacks took longer than the plans. */
Error.stackTraceLimit = 20;
