/** Which images a Milvus pod can pull in the sandbox: Milvus itself, with a tag that a release could have, and Attu. */
import { parseImage } from "../podRunner/imageName";

/** A released version, with an optional suffix such as `-gpu` or `-20230207-cb4bc4e`. */
const RELEASE_TAG = /^v\d+\.\d+\.\d+(-[\w.-]+)?$/;

/** Why the image cannot be pulled; undefined when it can. */
export function imageProblem(image: string): string | undefined {
  const { name, tag, digest } = parseImage(image);
  const known = name === "attu" || (name.startsWith("milvus") && (digest !== "" || RELEASE_TAG.test(tag)));
  return known
    ? undefined
    : `rpc error: code = NotFound desc = failed to pull and unpack image "${image}": failed to resolve reference "${image}": not found`;
}
