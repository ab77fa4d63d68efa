/** The answer to "does one thread serve several people here?", as sentences made from what the server found out. */

import type { Process, Sharing, Thread } from "../protocol";
import { plural } from "./format";

export interface Answer {
  /** Server and worker class, such as "gunicorn gthread". */
  deployment: string;
  processes: number;
  /** The most that one of its threads shares. */
  sharing: Sharing;
  /** What its threads do, most telling first. */
  sentences: string[];
}

/** From the most sharing to the least. */
const SHARINGS: readonly Sharing[] = ["interleaved", "sequential", "exclusive"];

/** Name what runs a process: "gunicorn gthread", "uvicorn". */
export function deploymentOf(process: Pick<Process, "server" | "worker_class">): string {
  const { server, worker_class: worker } = process;
  return worker === "" || worker === server ? server : `${server} ${worker}`;
}

/** Say for each deployment what its threads turned out to be. */
export function answers(groups: Iterable<{ process: Process; threads: readonly Thread[] }>): Answer[] {
  const byDeployment = new Map<string, { processes: number; threads: Thread[] }>();
  for (const { process, threads } of groups) {
    const name = deploymentOf(process);
    const known = byDeployment.get(name) ?? { processes: 0, threads: [] };
    known.processes += 1;
    known.threads.push(...threads);
    byDeployment.set(name, known);
  }
  return [...byDeployment]
    .filter(([, { threads }]) => threads.length > 0)
    .map(([deployment, { processes, threads }]) => ({
      deployment,
      processes,
      sharing: SHARINGS.find((sharing) => threads.some((thread) => thread.sharing === sharing)) ?? "exclusive",
      sentences: sentencesFor(threads),
    }));
}

function sentencesFor(threads: readonly Thread[]): string[] {
  const interleaved = threads.filter((thread) => thread.sharing === "interleaved");
  const sequential = threads.filter((thread) => thread.sharing === "sequential");
  const shared = sequential.filter((thread) => thread.users > 1);
  const alone = sequential.length - shared.length;
  const exclusive = threads.length - interleaved.length - sequential.length;
  const sentences: string[] = [];
  if (interleaved.length > 0) {
    const most = Math.max(...interleaved.map((thread) => thread.max_in_flight));
    sentences.push(`${subject(interleaved.length, "has", "have")} had up to ${most} requests in flight at once`);
  }
  if (shared.length > 0) {
    sentences.push(`${subject(shared.length, "serves", "serve")} several people, one request after another`);
  }
  if (alone > 0) {
    sentences.push(`${subject(alone, "serves", "serve")} one request after another, so far for one person at most`);
  }
  if (exclusive > 0) sentences.push(`${plural(exclusive, "thread")} served a single request${exclusive > 1 ? " each" : ""}`);
  return sentences;
}

function subject(threads: number, one: string, many: string): string {
  return `${plural(threads, "thread")} ${threads === 1 ? one : many}`;
}
