/**
 * Progress on standard error: a bar on a terminal, plain lines elsewhere, JSON lines for programs, or nothing.
 *
 * @module
 */

/** One sampling step that is done. */
export interface StepReport {
  /** 1 to `steps`. */
  step: number;
  steps: number;
  /** What this step took. */
  seconds: number;
}

/** Shows how a run gets on. */
export interface Progress {
  /** One of many pictures begins; from then on the whole is what is shown. */
  picture(number: number, total: number): void;
  /** A stage begins: "loading", "encoding" … */
  stage(text: string): void;
  step(report: StepReport): void;
  /** Leaves the line that a bar stands on, so that other text can follow. */
  clear(): void;
}

/** How progress is shown; "lines" is what a bar becomes where there is no terminal. */
export type ProgressKind = "bar" | "lines" | "json" | "none";

/** What the user chose, or what suits the place. */
export function progressKind(
  chosen: "bar" | "json" | "none" | undefined,
  quiet: boolean,
  terminal: boolean,
): ProgressKind {
  if (chosen === "json" || chosen === "none") return chosen;
  if (quiet && !chosen) return "none";
  return terminal ? "bar" : "lines";
}

/** Progress of one kind, shown through `write`. @param columns how many letters a line of the terminal has now */
export function makeProgress(
  kind: ProgressKind,
  write: (text: string) => void,
  columns: () => number = () => 80,
): Progress {
  return { bar: barProgress, lines: lineProgress, json: jsonProgress, none: () => NO_PROGRESS }[kind](write, columns);
}

const NO_PROGRESS: Progress = { picture() {}, stage() {}, step() {}, clear() {} };

function jsonProgress(write: (text: string) => void): Progress {
  const line = (event: object) => write(`${JSON.stringify(event)}\n`);
  return {
    picture: (number, total) => line({ event: "picture", picture: number, pictures: total }),
    stage: (text) => line({ event: "stage", stage: text }),
    step: (report) => line({ event: "step", ...report }),
    clear() {},
  };
}

function lineProgress(write: (text: string) => void): Progress {
  const left = timeLeft(), whole = wholeRun();
  return {
    picture: (number, total) => write(`${whole.begin(number, total)}\n`),
    stage: (text) => whole.running || write(`${text} …\n`),
    step(report) {
      if (whole.running) return;
      write(`step ${report.step}/${report.steps}  ${seconds(report.seconds)}  ${left(report)}\n`);
    },
    clear() {},
  };
}

const BAR_WIDTH = 30;
const ERASE_LINE = "\r\x1b[K";

function barProgress(write: (text: string) => void, columns: () => number): Progress {
  const left = timeLeft(), whole = wholeRun();
  let picture = "";
  // What goes over the line's end could not be erased.
  const show = (text: string) => write(`${ERASE_LINE}${text.slice(0, columns() - 1)}`);
  return {
    picture(number, total) {
      picture = `${whole.begin(number, total)}  `;
      show(picture);
    },
    stage: (text) => show(`${picture}${text} …`),
    step(report) {
      const rest = whole.running ? "" : `  ${seconds(report.seconds)} a step  ${left(report)}`;
      const count = `${report.step}/${report.steps}${rest}`;
      const width = Math.max(0, Math.min(BAR_WIDTH, columns() - 2 - picture.length - count.length));
      const full = Math.round(width * report.step / report.steps);
      const bar = "█".repeat(full) + "░".repeat(width - full);
      show(`${picture}${bar}${width ? " " : ""}${count}`);
    },
    clear: () => write(ERASE_LINE),
  };
}

/** Counts the pictures of a run, and says the time left from the mean of those before. */
function wholeRun() {
  let first: { number: number; at: number } | undefined;
  return {
    get running(): boolean {
      return first !== undefined;
    },
    begin(number: number, total: number): string {
      const now = performance.now() / 1000;
      const passed = first && (now - first.at) / (number - first.number);
      first ??= { number, at: now };
      return `picture ${number}/${total}${passed ? `  ${seconds(passed * (total - number + 1))} left` : ""}`;
    },
  };
}

/** Says the time left from the mean of the steps since the first, which has its warm-up. */
function timeLeft(): (report: StepReport) => string {
  let sum = 0, count = 0;
  return ({ step, steps, seconds: latest }) => {
    if (step === 1) sum = count = 0;
    if (step > 1) {
      sum += latest;
      count++;
    }
    const mean = count ? sum / count : latest;
    return step === steps ? "done" : `${seconds(mean * (steps - step))} left`;
  };
}

/** A duration for people: 0.52 s, 8.1 s, 1:35 min, 2:00:05. */
export function seconds(value: number): string {
  if (value < 10) return `${value.toFixed(value < 1 ? 2 : 1)} s`;
  if (value < 59.5) return `${Math.round(value)} s`;
  const whole = Math.round(value), minutes = Math.floor(whole / 60) % 60, hours = Math.floor(whole / 3600);
  const tail = `${String(minutes).padStart(hours ? 2 : 1, "0")}:${String(whole % 60).padStart(2, "0")}`;
  return hours ? `${hours}:${tail}` : `${tail} min`;
}
