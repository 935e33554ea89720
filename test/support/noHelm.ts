/** The unit tests need Node alone: with a Helm on the PATH, the preflight would fetch charts. A test may name one of its own. */
process.env.MILVUS_HELM ??= "/nowhere/helm";
