/**
 * What a scene means as a whole, once all of the prompt is read.
 *
 * @module
 */
import { describe, type Scene } from "./scene.ts";
import { among, LIVING, SCENERY } from "./words.ts";

const ABOVE = /^(?:sun|moon|rainbow|cloud)$/;

/** Vary what is to be varied, share what is for all and place what has its place by nature. */
export function settle(scene: Scene, panels?: number): void {
  spread(scene, panels);
  if (panels === undefined) shareSetting(scene);
  placeByNature(scene);
}

/** "a city in spring, summer and autumn" asked for in a row or in panels: one object, as often as it is varied. */
function spread(scene: Scene, panels?: number): void {
  const [object] = scene.objects;
  const first = object?.setting?.match(/^(in|at|during) (.+)/i);
  if (scene.objects.length !== 1 || object.count > 1 || !first || !(scene.order || panels)) return;
  const others = panels ? panels - 1 : scene.background.length;
  const values = scene.background.slice(0, others);
  if (values.length === 0 || values.some((value) => / /.test(value))) return;
  scene.background.splice(0, others);
  object.setting = undefined;
  object.count = values.length + 1;
  object.variants = [first[2], ...values].map((value) => ({ text: `${first[1]} ${value}`, place: {} }));
}

/** The moon and the sun stand above, and what is nowhere while sceneries have their places is in all of these. */
function placeByNature(scene: Scene): void {
  const placed = scene.objects.filter(({ place }) => place.x !== undefined || place.y !== undefined);
  if (
    placed.length > 1 && placed.length < scene.objects.length && placed.every(({ thing }) => among(SCENERY, thing.head))
  ) {
    const others = scene.objects.filter((object) => !placed.includes(object));
    if (scene.links.length === 0) {
      scene.background.unshift(...others.map((object) => [describe(object), object.setting].filter(Boolean).join(" ")));
      scene.objects = placed;
    }
  }
  const linked = new Set(scene.links.flatMap(({ subjects, targets }) => [...subjects, ...targets]));
  const above = scene.objects.filter(({ thing, place }, i) =>
    ABOVE.test(thing.head) && !linked.has(i) && place.x === undefined
  );
  if (above.length < scene.objects.length && !scene.order && !scene.rows) {
    for (const { place } of above) place.y ??= 0;
  }
}

/** A setting named once is that of all: "two cats and a dog on the grass", unless some stand above others. */
function shareSetting({ objects, background, links }: Scene): void {
  const own = objects.filter(({ setting }) => setting !== undefined);
  const several = objects.length > 1 || (objects[0]?.count ?? 0) > 1;
  if (own.length !== 1 || !several || objects.some(({ place }) => place.y !== undefined)) return;
  if (own[0].apart || /^(?:against|by the)\b/i.test(own[0].setting!)) return;
  const beside = links.every(({ relation }) => relation !== "above");
  // A rider's swing is not the one's beside her.
  if (own[0] !== objects.at(-1) && /^on /i.test(own[0].setting!) && among(LIVING, own[0].thing.head)) return;
  const apart = own[0] !== objects.at(-1) &&
    !(beside && (links.length > 0 || objects.some(({ place }) => place.x !== undefined)));
  if (
    apart || (own[0] === objects.at(-1) && !beside && links.some(({ targets }) => targets.includes(objects.length - 1)))
  ) {
    return;
  }
  background.unshift(own[0].setting!);
  own[0].setting = undefined;
}
