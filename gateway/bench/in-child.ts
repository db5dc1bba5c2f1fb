import { fork } from "node:child_process";

/**
 * What the built module `name` of this folder answers to `task`, in a process of its own: its memory and its collector are its alone.
 * `flags`: for Node, by default those of this process. @throws Error when it ends without an answer
 */
export function inChild<T>(name: string, task: unknown, flags: readonly string[] = process.execArgv): Promise<T> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL(`./${name}.js`, import.meta.url), [JSON.stringify(task)], { execArgv: [...flags] });
    child.once("message", (answer) => resolve(answer as T));
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${name} ended with ${code}`)));
  });
}
