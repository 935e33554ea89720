import { expect } from "chai";
import type { HelmValues } from "../../../../../upgrade/model";
import { mergeValues } from "../../../../../upgrade/values/tree";
import { again, type Hop, messagesOf, plan, refusal, standalone, valueAt } from "./hop";

/** Templates of charts 5.0.0 to 5.0.19: a standalone has no streaming node, and its queue is named in one place. */
const WOODPECKER = { cluster: { enabled: false }, standalone: { messageQueue: "woodpecker" } } as const;
const hop: Hop = { chart: "5.0.10", from: "2.6.8", to: "2.6.15", over: standalone };

describe("rules of clusters leave standalones alone (config.tpl and templates of chart 5)", () => {
  for (const values of [
    { woodpecker: { enabled: false } },
    { streaming: { enabled: false } },
    { streaming: { enabled: false }, woodpecker: { enabled: false } },
  ] satisfies HelmValues[]) {
    it(`take ${JSON.stringify(values)}, which has no effect there`, () => {
      const found = plan({ ...hop, values: mergeValues(WOODPECKER, values) });
      expect(found.values).to.deep.include(values);
    });
  }

  it("add no woodpecker.enabled, which would write mq twice and recreate the pod", () => {
    expect(valueAt(plan({ ...hop, values: WOODPECKER }), "woodpecker.enabled")).to.equal(undefined);
    expect(valueAt(plan({ ...hop, to: "2.6.8", values: WOODPECKER }), "woodpecker.enabled")).to.equal(undefined);
  });

  it("leave one that an earlier version has added, so that the pod stays", () => {
    const inForce = mergeValues(WOODPECKER, { woodpecker: { enabled: true } });
    expect(valueAt(plan({ ...hop, values: WOODPECKER, inForce }), "woodpecker.enabled")).to.equal(true);
    expect(again({ ...hop, values: WOODPECKER, inForce }).kind).to.equal("nothing");
  });

  it("say nothing of resource groups and autoscalers", () => {
    const values = mergeValues(WOODPECKER, { proxy: { hpa: { enabled: true } } });
    const found = plan({ ...hop, values: mergeValues(values, { replicaResourceGroups: ["a"] }), inForce: values });
    for (const rule of ["an_autoscaler_needs_replicas_left_out", "resource_groups_make_new_deployments"]) {
      expect(messagesOf(found, rule)).to.deep.equal([]);
    }
  });
});

describe("standalone.messageQueue unset on chart 5 (helper milvus.standalone.messageQueue)", () => {
  const values = { cluster: { enabled: false } };
  for (const queue of ["rocksmq", "woodpecker"]) {
    it(`reads ${queue} from the Deployment's annotation`, () => {
      const found = plan({ ...hop, values, over: { ...standalone, component: { messageQueue: queue } } });
      expect(valueAt(found, "standalone.messageQueue")).to.equal(queue);
    });
  }

  it("is still refused without the annotation", () => {
    expect(refusal({ ...hop, values }).rule).to.equal("the_message_queue_must_be_plain");
  });
});
