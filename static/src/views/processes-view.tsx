/** Every process that was heard of, under the one that started it: what it uses, what it did, what it could not keep. */

import { useSignal } from "@preact/signals";

import { deploymentOf } from "../lib/answer";
import { households, type Kin, lastSeenNs, partByAge } from "../lib/family";
import { age } from "../lib/format";
import { t, tn } from "../lib/text";
import { nowCoarseNs, type ThreadGroup, threadGroups } from "../state/threads";
import { ProcessCard } from "./process-card";

/** So many processes are unfolded from the start. */
const FEW = 6;

export function ProcessesView() {
  const groups = threadGroups.value;
  const { present, earlier } = partByAge(groups, nowCoarseNs.value);
  const alive = present.filter((group) => group.alive);
  const few = new Set((alive.length > 0 ? alive : present).slice(0, FEW));
  return (
    <div class="stage scrolls" tabIndex={0} role="group" aria-label={t("Processes")}>
      {groups.length === 0 && (
        <div class="empty">
          <h2>{t("No process was heard of yet")}</h2>
          <p>{t("A worker shows here as soon as it has served its first request.")}</p>
        </div>
      )}
      <Households groups={present} unfolded={few} />
      {earlier.length > 0 && <Earlier groups={earlier} />}
    </div>
  );
}

function Households({ groups, unfolded }: { groups: readonly ThreadGroup[]; unfolded: ReadonlySet<ThreadGroup> }) {
  return (
    <div class="households">
      {households(groups).map(({ host, roots }) => (
        <section key={host} aria-label={t("Host {host}", { host })}>
          <h2>{host}</h2>
          <ul class="kin">
            {roots.map((root) => (
              <Branch key={root.pid} kin={root} unfolded={unfolded} />
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

interface BranchProps {
  kin: Kin<ThreadGroup>;
  unfolded: ReadonlySet<ThreadGroup>;
}

function Branch({ kin: { pid, member, children }, unfolded }: BranchProps) {
  return (
    <li>
      {member ? <ProcessCard group={member} unfolded={unfolded.has(member)} /> : <Stranger pid={pid} servers={children.map(serverOf)} />}
      {children.length > 0 && (
        <ul class="kin">
          {children.map((child) => (
            <Branch key={child.member?.process.id} kin={child} unfolded={unfolded} />
          ))}
        </ul>
      )}
    </li>
  );
}

/** A parent that no record tells of. */
function Stranger({ pid, servers }: { pid: number; servers: readonly string[] }) {
  // gunicorn always has a master; elsewhere the parent may be a shell.
  const isMaster = servers.every((server) => server === "gunicorn");
  const workers = servers.length;
  return (
    <p class="stranger" title={t("It runs no middleware, so nothing else is known about it")}>
      <strong>{isMaster ? t("gunicorn master") : t("Parent process")}</strong>{" "}
      <span class="pid">{t("pid {pid}", { pid })}</span>{" "}
      <span class="aside">
        {isMaster ? tn("started {n} worker", "started {n} workers", workers) : tn("started {n} process", "started {n} processes", workers)}
        {"; "}
        {t("it serves no requests itself")}
      </span>
    </p>
  );
}

/** Those that ended too long ago to stand in the tree. */
function Earlier({ groups }: { groups: readonly ThreadGroup[] }) {
  const open = useSignal(false);
  return (
    <details class="earlier" onToggle={(event) => (open.value = event.currentTarget.open)}>
      <summary>{tn("{n} process that ended earlier", "{n} processes that ended earlier", groups.length)}</summary>
      {open.value && (
        <ul>
          {groups.map(({ process }) => (
            <li key={process.id}>
              {deploymentOf(process)} <span class="pid">{t("pid {pid} on {host}", { pid: process.pid, host: process.host })}</span>{" "}
              <span class="aside">{t("{age} ago", { age: age(nowCoarseNs.value - lastSeenNs(process)) })}</span>
            </li>
          ))}
        </ul>
      )}
    </details>
  );
}

function serverOf({ member }: Kin<ThreadGroup>): string {
  return member?.process.server ?? "";
}
