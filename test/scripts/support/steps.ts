import { expect } from "chai";
import type { Bench, Outcome, RunSettings, Site, Verb } from "./bench";
import { OLD } from "./state";

/** A site with 2.1 metadata, Milvus stopped, on which these verbs went through. */
export async function stoppedSite(bench: Bench, ...verbs: readonly Verb[]): Promise<Site> {
  const site = bench.site();
  await site.seed(OLD);
  for (const verb of verbs) {
    await mustEnd(site, verb);
  }
  return site;
}

/** Runs the verb, which must exit with 0. */
export async function mustEnd(site: Site, verb: Verb, settings: RunSettings = {}): Promise<Outcome> {
  const outcome = await site.run(verb, settings);
  expect(outcome.code, `${verb}: ${outcome.log}`).to.equal(0);
  return outcome;
}

/** Kills everything while the new records are being saved: old ones gone, new ones incomplete. */
export async function halfMigrate(site: Site, settings: RunSettings = {}): Promise<void> {
  const env = { ...settings.env, SANDBOX_FAULT: "mid-save:9=kill-group" };
  const { signal } = await site.run("migrate", { ...settings, env });
  expect(signal).to.equal("SIGKILL");
  await site.expireLeases();
}
