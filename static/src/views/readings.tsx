/** Whom each watched holder named at each checkpoint of a request. */

import { duration } from "../lib/format";
import { t } from "../lib/text";
import { byHolder, waterfallOf } from "../lib/waterfall";
import type { Reading, Request } from "../protocol/records";
import { HolderName } from "./marks";

const NAMES: Record<Reading["names"], string> = {
  request: t("this"),
  user: t("its user"),
  other: t("another"),
  nobody: t("nobody"),
};

const MEANS: Record<Reading["names"], string> = {
  request: t("this very request"),
  user: t("the user of this request"),
  other: t("another request or user"),
  nobody: t("nobody"),
};

export function Readings({ request }: { request: Request }) {
  const readings = request.readings ?? [];
  if (readings.length === 0) return null;
  const checkpoints = waterfallOf(request, request.duration_ns).checkpoints.filter(({ name }) =>
    readings.some((reading) => reading.checkpoint === name),
  );
  return (
    <>
      <h3>{t("Whom the holders named")}</h3>
      <div class="readings scrolls" tabIndex={0} role="group" aria-label={t("Whom the holders named")}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t("Holder")}</th>
              {checkpoints.map(({ name, atNs }) => (
                <th key={name} scope="col" title={`+${duration(atNs)}`}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {byHolder(readings).map(({ holder, at }) => (
              <tr key={holder}>
                <th scope="row">
                  <HolderName holder={holder} />
                </th>
                {checkpoints.map(({ name }) => (
                  <td key={name}>
                    {(at.get(name) ?? []).map((reading) => (
                      <Named key={reading.names} reading={reading} />
                    ))}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function Named({ reading: { names, at_ns: atNs } }: { reading: Reading }) {
  return (
    <span class={`named ${names}`} title={`${MEANS[names]}, +${duration(atNs)}`}>
      {NAMES[names]}
    </span>
  );
}
