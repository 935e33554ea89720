import * as pulumi from "@pulumi/pulumi";
import type { StagedStack } from "../../upgrade/promotion/judge";

/** What the engine calls the reading of a StackReference. As a resource one that cannot be read would end the run in its words. */
const TOKEN = "pulumi:pulumi:readStackOutputs";
const TIME_LIMIT_MS = 60_000;

/**
 * The outputs of another stack of this backend, whichever it is.
 *
 * @param stack its name in this project, or `organization/project/stack`
 */
export async function readStagedStack(stack: string): Promise<StagedStack> {
  const name = stack.includes("/") ? stack : `${pulumi.getOrganization()}/${pulumi.getProject()}/${stack}`;
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${TIME_LIMIT_MS / 1000} s`)), TIME_LIMIT_MS);
  });
  try {
    const asked = pulumi.runtime.invoke(TOKEN, { name }) as Promise<{ readonly outputs?: Record<string, unknown> }>;
    const { outputs = {} } = await Promise.race([asked, limit]);
    return { outputs: { receipt: await plain(outputs.receipt) } };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}

/** A secret comes as an Output: a program of one's own may have made one of its receipt. */
function plain(value: unknown): Promise<unknown> {
  const output = pulumi.output(value) as unknown as { promise(): Promise<unknown> };
  return output.promise();
}
