/** The answer to "does one thread serve several people here, and is that safe?", in sentences for each deployment. */

import type { Level, Process, Sharing, Thread } from "../protocol/records";
import { count } from "./format";
import { t, tn } from "./text";

export interface Answer {
  /** Server, worker class and interface, such as "gunicorn gthread (WSGI)". */
  deployment: string;
  processes: number;
  /** The most that one of its threads shares; null where no thread is kept any more. */
  sharing: Sharing | null;
  /** What its threads do. */
  does: string;
  /** What that means for what code keeps on a thread; null where that is not known. */
  means: string | null;
  /** Whether identities got mixed up here, by what the findings say. */
  found: string;
  /** The worst level among those findings. */
  worst: Level | undefined;
}

/** What the answer needs of a group of findings. */
export interface Placed {
  level: Level;
  processes: ReadonlySet<string>;
}

/** The answer for everything at once. */
export interface Verdict {
  /** What it looks like: the worst level found, `clean`, or `waiting` while not everything is known. */
  state: Level | "clean" | "waiting";
  text: string;
}

/** A process with its threads, and whether it still runs. */
export interface Served {
  process: Process;
  threads: readonly Thread[];
  alive: boolean;
}

/** From the most sharing to the least. */
const SHARINGS: readonly Sharing[] = ["interleaved", "sequential", "exclusive"];

/** What people call those that run jobs. */
const WORKERS: Record<string, string> = {
  celery: "Celery",
  rq: "RQ",
  dramatiq: "Dramatiq",
  "django-tasks": t("Django tasks"),
  apscheduler: "APScheduler",
};

/** Name what runs a process: "gunicorn gthread", "uvicorn", "Celery prefork". */
export function deploymentOf(process: Pick<Process, "server" | "worker_class">): string {
  const { server: id, worker_class: worker } = process;
  const server = WORKERS[id] ?? id;
  // Where a server has one kind of worker, it may be named after the server or the interface, which is said anyway.
  return ["", id, "asgi", "wsgi"].includes(worker) ? server : `${server} ${worker}`;
}

/**
 * Say for each deployment that served something what its threads turned out to be, and what follows from it.
 *
 * Threads are those of processes that still run. What was found counts in whichever process of the deployment it was, or
 * a restart would take it back; so a deployment of which nothing runs any more is left out only if nothing was found.
 *
 * @param isPartial whether some of the records could not be read.
 */
export function answers(groups: Iterable<Served>, findings: readonly Placed[], isPartial = false): Answer[] {
  const deployments = new Map<string, Served[]>();
  for (const served of groups) {
    const { process } = served;
    const name = isWorker(process) ? deploymentOf(process) : `${deploymentOf(process)} (${process.interface.toUpperCase()})`;
    const known = deployments.get(name);
    if (known) known.push(served);
    else deployments.set(name, [served]);
  }
  const isAnyAlive = [...deployments.values()].some(isAlive);
  return [...deployments]
    .map(([name, all]) => ({ name, all, here: findings.filter((group) => all.some(({ process }) => group.processes.has(process.id))) }))
    .filter(({ all, here }) => here.some(({ level }) => level !== "notice") || (all.some(hasServed) && (isAlive(all) || !isAnyAlive)))
    .map(({ name, all, here }) => {
      const told = isAlive(all) ? all.filter(isTold) : all.filter(hasServed);
      const processes = told.map(({ process }) => process);
      const threads = told.flatMap((served) => served.threads);
      const sharing = SHARINGS.find((one) => threads.some((thread) => thread.sharing === one)) ?? null;
      return {
        deployment: isAlive(all) ? name : t("{deployment}, ended", { deployment: name }),
        processes: processes.length,
        sharing,
        does: all.some(({ process }) => isWorker(process)) ? works(sharing, threads, processes) : does(sharing, threads),
        means: sharing && (processes.some(isWorker) ? leaves(sharing, processes) : means(sharing, processes)),
        found: whatWasFound(here, isPartial),
        worst: (["leak", "hazard", "notice"] as const).find((level) => here.some((group) => group.level === level)),
      };
    });
}

function isAlive(processes: readonly Served[]): boolean {
  return processes.some(isTold);
}

function isTold(served: Served): boolean {
  return served.alive && hasServed(served);
}

function hasServed({ threads }: Served): boolean {
  return threads.length > 0;
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

function leaksTold(times: number, groups: number): string {
  const leaks = tn("{n} leak", "{n} leaks", groups);
  return times > groups
    ? t("People saw each other’s identity: {leaks}, seen {times} times", { leaks, times: count(times) })
    : t("People saw each other’s identity: {leaks}", { leaks });
}

/** Tell whether a process runs jobs, and serves no requests. */
export function isWorker({ interface: kind }: Pick<Process, "interface">): boolean {
  return kind === "worker";
}

/** Name what a process speaks: "WSGI", "ASGI", or that it runs jobs. */
export function interfaceOf(process: Pick<Process, "interface">): string {
  return isWorker(process) ? t("worker") : process.interface.toUpperCase();
}

/** Whether each job of a worker has a process to itself: RQ forks them off. */
function forks(processes: readonly Process[]): boolean {
  return processes.length > 0 && processes.every(({ worker_class: worker }) => worker === "fork");
}

function works(sharing: Sharing | null, threads: readonly Thread[], processes: readonly Process[]): string {
  if (sharing === null) return t("its threads are not kept any more");
  if (forks(processes)) return t("each job has a process of its own");
  if (sharing === "exclusive") return t("every job so far had a thread to itself");
  const such = threads.filter((thread) => thread.sharing === sharing);
  if (sharing === "interleaved") {
    return t("jobs overlap on a thread, up to {most} at once", { most: count(Math.max(...such.map((thread) => thread.max_in_flight))) });
  }
  const isSingle = processes.every(({ id }) => threads.filter((thread) => thread.process === id).length <= 1);
  return isSingle ? t("each process does one job after another") : t("each thread does one job after another, and several threads work at once");
}

/** What that means for what a job leaves behind; unlike a request, it begins in no context of its own. */
function leaves(sharing: Sharing, processes: readonly Process[]): string {
  if (forks(processes)) return t("nothing that one leaves behind meets another");
  if (sharing === "exclusive") return t("nothing kept on a thread met another job yet");
  if (sharing === "interleaved") return means(sharing, processes);
  return t("what one leaves in a threading.local or a ContextVar, the next one finds: clear it in finally");
}

function does(sharing: Sharing | null, threads: readonly Thread[]): string {
  if (sharing === null) return t("its threads are not kept any more");
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

/** Leaks and hazards are counted here as they are everywhere: by groups. */
function whatWasFound(groups: readonly Placed[], isPartial: boolean): string {
  const [leaks, hazards] = (["leak", "hazard"] as const).map((level) => groups.filter((group) => group.level === level).length) as [number, number];
  if (leaks > 0 && hazards > 0) {
    return t("{leaks} and {hazards} found.", { leaks: tn("{n} leak", "{n} leaks", leaks), hazards: tn("{n} hazard", "{n} hazards", hazards) });
  }
  if (leaks > 0) return tn("{n} leak found.", "{n} leaks found.", leaks);
  if (hazards > 0) return tn("{n} hazard found, no leak so far.", "{n} hazards found, no leak so far.", hazards);
  return isPartial ? t("No mix-up found in what could be read.") : t("No mix-up found.");
}
