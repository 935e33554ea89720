import { configLine, refuse, valueLine } from "../../refusal";
import { parseTag } from "../../versions/images";
import { minorOf } from "../../versions/versions";
import { asText, getValue, path, sameValue } from "../tree";
import type { ValueRule } from "./rule";

const TAG = path("image.all.tag");

function sameImage(tag: string, to: string): string {
  return `image.all.tag in milvus:values (${tag}) names no version and is the one that runs: Milvus ${to} would be the same image`;
}

/** Over a minor, with all that its hop brings: a migration of the metadata, another layout. */
function refuseSameImage(tag: string, from: string, to: string): never {
  return refuse({
    rule: "the_image_tag_is_explicit",
    reason: `${sameImage(tag, to)} as ${from}.`,
    remedy: `Set the tag of ${to}: ${valueLine("image.all.tag", "TAG")}. If ${to} runs already, say so: ${configLine("currentVersion", to)}`,
    source: "docs/upgrade-facts.md 1.4",
  });
}

export const imageRule: ValueRule = {
  name: "the_image_tag_is_explicit",
  source: "docs/upgrade-facts.md 1.4: charts 4.0.10 and 4.0.28 ship another version than they say",
  explanation:
    "image.all.tag is always v and the version, with the suffix of the images that run (-gpu). A tag in the user's values must name the same version; one without a version, such as a digest, is kept.",
  owns: [TAG],
  apply: ({ given, to, variant, now }) => {
    const tag = getValue(given, TAG);
    const expected = `v${to}${variant}`;
    if (tag === undefined || tag === null) {
      const reason = "the chart's own tag is not always the version it says";
      return { additions: [{ path: TAG, value: expected, reason }] };
    }
    const { version } = parseTag(asText(tag));
    if (version === undefined) {
      const isUnchanged = now !== undefined && now.version !== to && sameValue(tag, getValue(now.values, TAG));
      if (isUnchanged && minorOf(now.version) !== minorOf(to)) return refuseSameImage(asText(tag), now.version, to);
      if (isUnchanged) return { warnings: [`${sameImage(asText(tag), to)}.`] };
      return {
        warnings: [
          `image.all.tag in milvus:values names no version; that it is Milvus ${to} cannot be checked, and it is kept.`,
        ],
      };
    }
    if (version === to) return {};
    return refuse({
      rule: "the_image_tag_is_explicit",
      reason: `milvus:values sets image.all.tag to Milvus ${version}, milvus:version asks for ${to}.`,
      remedy: `Leave the tag to milvus:version: pulumi config rm --path 'milvus:values.image.all.tag'. For an image variant write it into the version: ${configLine("version", `${to}-gpu`)}`,
      source: "docs/upgrade-facts.md 1.4",
    });
  },
};
