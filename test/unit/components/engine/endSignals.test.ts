import { EventEmitter } from "node:events";
import { expect } from "chai";
import { EndWork, type SignalledProcess } from "../../../../components/engine/endSignals";

class FakeProcess extends EventEmitter implements SignalledProcess {
  readonly endedBy: string[] = [];
  endBy(signal: string): void {
    this.endedBy.push(signal);
  }
  tell(signal: string): void {
    this.emit(signal, signal);
  }
}

const soon = () => new Promise((resolve) => setTimeout(resolve, 20));

describe("a program that is told to end", () => {
  let target: FakeProcess;
  let ending: EndWork;
  beforeEach(() => {
    target = new FakeProcess();
    ending = new EndWork(target, 200);
  });

  it("does its work first, that of each cluster, and then ends by the same signal", async () => {
    const done: string[] = [];
    for (const name of ["a", "b"]) ending.add(() => Promise.resolve(done.push(name)));
    target.tell("SIGTERM");
    expect(target.endedBy).to.deep.equal([]);
    await soon();
    expect(done).to.deep.equal(["a", "b"]);
    expect(target.endedBy).to.deep.equal(["SIGTERM"]);
  });

  it("ends also where its work fails, or does not come to an end", async () => {
    ending.add(() => Promise.reject(new Error("the API server is away")));
    ending.add(() => new Promise(() => undefined));
    target.tell("SIGINT");
    await soon();
    expect(target.endedBy).to.deep.equal([]);
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(target.endedBy).to.deep.equal(["SIGINT"]);
  });

  it("listens only while there is something to do, and to one signal", async () => {
    let count = 0;
    const isOver = ending.add(() => Promise.resolve(++count));
    isOver();
    isOver();
    expect(target.listenerCount("SIGINT") + target.listenerCount("SIGTERM") + target.listenerCount("SIGHUP")).to.equal(
      0,
    );
    ending.add(() => Promise.resolve(++count));
    target.tell("SIGINT");
    target.tell("SIGINT");
    await soon();
    expect(count).to.equal(1);
    expect(target.listenerCount("SIGINT")).to.equal(0);
  });

  it("goes on where somebody else listens, who says when it ends", async () => {
    target.on("SIGINT", () => undefined);
    ending.add(() => Promise.resolve());
    target.tell("SIGINT");
    await soon();
    expect(target.endedBy).to.deep.equal([]);
  });
});
