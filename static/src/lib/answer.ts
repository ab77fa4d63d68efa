/** The answer to "does one thread serve several people here, and is that safe?", in sentences for each deployment. */

import type { Level, Process, Sharing, Thread } from "../protocol";
import { count } from "./format";
import { t, tn } from "./text";

export interface Answer {
  /** Server, worker class and interface, such as "gunicorn gthread (WSGI)". */
  deployment: string;
  processes: number;
  /** The most that one of its threads shares. */
  sharing: Sharing;
  /** What its threads do. */
  does: string;
  /** What that means for what code keeps on a thread. */
  means: string;
  /** How many places keep an identity unsafely here, by what the findings say. */
  places: string;
  /** The worst level among those findings. */
  worst: Level | undefined;
}

/** What the answer needs of a group of findings. */
export interface HolderFindings {
  kind: string;
  holder: string | null;
  level: Level;
  processes: ReadonlySet<string>;
}

/** The answer for everything at once. */
export interface Verdict {
  /** What it looks like: the worst level found, `clean`, or `waiting` while not everything is known. */
  state: Level | "clean" | "waiting";
  text: string;
}

interface Deployment {
  processes: Process[];
  threads: Thread[];
}

/** From the most sharing to the least. */
const SHARINGS: readonly Sharing[] = ["interleaved", "sequential", "exclusive"];

/** Name what runs a process: "gunicorn gthread", "uvicorn". */
export function deploymentOf(process: Pick<Process, "server" | "worker_class">): string {
  const { server, worker_class: worker } = process;
  // Where a server has one kind of worker, it may be named after the server or the interface, which is said anyway.
  return ["", server, "asgi", "wsgi"].includes(worker) ? server : `${server} ${worker}`;
}

/** Say for each deployment that served something what its threads turned out to be, and what follows from it. */
export function answers(
  groups: Iterable<{ process: Process; threads: readonly Thread[] }>,
  findings: readonly HolderFindings[],
): Answer[] {
  const deployments = new Map<string, Deployment>();
  for (const { process, threads } of groups) {
    const name = `${deploymentOf(process)} (${process.interface.toUpperCase()})`;
    const known = deployments.get(name) ?? { processes: [], threads: [] };
    known.processes.push(process);
    known.threads.push(...threads);
    deployments.set(name, known);
  }
  return [...deployments]
    .filter(([, { threads }]) => threads.length > 0)
    .map(([deployment, { processes, threads }]) => {
      const here = findings.filter((group) => processes.some(({ id }) => group.processes.has(id)));
      const sharing = SHARINGS.find((one) => threads.some((thread) => thread.sharing === one)) ?? "exclusive";
      return {
        deployment,
        processes: processes.length,
        sharing,
        does: does(sharing, threads),
        means: means(sharing, processes),
        places: placesFound(here),
        worst: (["leak", "hazard", "notice"] as const).find((level) => here.some((group) => group.level === level)),
      };
    });
}

/** Say in one sentence whether anybody saw somebody else; of records of which some could not be read, with that limit. */
export function verdict(
  groups: readonly { level: Level; occurrences: readonly unknown[] }[],
  requests: number,
  isPartial = false,
): Verdict {
  const leaks = groups.filter((group) => group.level === "leak");
  const hazards = groups.filter((group) => group.level === "hazard");
  if (leaks.length > 0) {
    const times = leaks.reduce((sum, group) => sum + group.occurrences.length, 0);
    return { state: "leak", text: leaksTold(times, leaks.length) };
  }
  if (hazards.length > 0) {
    const text = tn(
      "Nobody saw anybody else yet, but {n} hazard could let them",
      "Nobody saw anybody else yet, but {n} hazards could let them",
      hazards.length,
    );
    return { state: "hazard", text };
  }
  if (requests === 0) return { state: "waiting", text: t("Waiting for the first request") };
  if (isPartial) return { state: "waiting", text: partlyClean(requests) };
  return { state: "clean", text: tn("No mix-up found in {n} request", "No mix-up found in {n} requests", requests) };
}

function partlyClean(requests: number): string {
  return tn(
    "No mix-up found in the {n} request that could be read",
    "No mix-up found in the {n} requests that could be read",
    requests,
  );
}

function leaksTold(times: number, ways: number): string {
  if (ways === 1) {
    return tn("People saw each other’s identity: {n} leak", "People saw each other’s identity: {n} leaks", times);
  }
  return t("People saw each other’s identity: {times} leaks in {ways} ways", { times: count(times), ways: count(ways) });
}

function does(sharing: Sharing, threads: readonly Thread[]): string {
  if (sharing === "exclusive") return t("every request so far had a thread to itself");
  const such = threads.filter((thread) => thread.sharing === sharing);
  const values = {
    threads: subject(such.length, threads.length),
    whom: such.some((thread) => thread.users > 1) ? t("many people") : t("many requests"),
    most: count(Math.max(...such.map((thread) => thread.max_in_flight))),
  };
  const isMany = such.length > 1 && such.length < threads.length;
  if (sharing === "sequential") {
    return isMany
      ? t("{threads} serve {whom}, one after another", values)
      : t("{threads} serves {whom}, one after another", values);
  }
  return isMany
    ? t("{threads} serve {whom}, up to {most} requests at once", values)
    : t("{threads} serves {whom}, up to {most} requests at once", values);
}

function subject(such: number, all: number): string {
  if (such === all) return all === 1 ? t("its one thread") : t("each thread");
  if (such === 1) return t("one of {all} threads", { all: count(all) });
  return t("{such} of {all} threads", { such: count(such), all: count(all) });
}

function means(sharing: Sharing, processes: readonly Process[]): string {
  if (sharing === "exclusive") return t("nothing kept on a thread met another request yet");
  if (sharing === "sequential") {
    return t("a threading.local that is not cleared shows the next person the last one’s identity");
  }
  if (processes.every(({ facts }) => facts.gevent_patched === true)) {
    return t(
      "gevent’s patch gives each request a threading.local of its own, but whatever was made before the patch is shared",
    );
  }
  return t("what one request puts into a threading.local, the others read; a ContextVar holds them apart");
}

function placesFound(groups: readonly HolderFindings[]): string {
  const places = (found: readonly HolderFindings[]): number => new Set(found.map((group) => group.holder ?? group.kind)).size;
  const all = places(groups.filter((group) => group.level !== "notice"));
  const leaking = places(groups.filter((group) => group.level === "leak"));
  if (all === 0) return t("No mix-up found.");
  if (leaking === 0) {
    return tn("{n} unsafe place found, no leak so far.", "{n} unsafe places found, no leak so far.", all);
  }
  if (all === 1) return t("1 unsafe place found, and it leaks.");
  return tn(
    "{all} unsafe places found, {n} of them leaks.",
    "{all} unsafe places found, {n} of them leak.",
    leaking,
    { all: count(all) },
  );
}
