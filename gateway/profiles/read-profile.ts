import type { Profile } from "@hocba/signatures/profiles";
import { GatewayError } from "../errors.ts";
import { JsonSyntaxError, type Position, parseJsonWithPositions } from "./json-with-positions.ts";
import { profileSchema } from "./profile-schema.ts";

export interface ProfileProblem extends Position {
  /** `steps[0].pdf.fieldName`; empty for the whole file. */
  readonly key: string;
  readonly problem: string;
}

const MAX_SIZE = 1024 * 1024;

/** Everything that is wrong with the text of a profile, in the order of its lines; or the profile. */
export function examineProfile(text: string): { profile: Profile | null; problems: ProfileProblem[] } {
  if (text.length > MAX_SIZE) {
    return { profile: null, problems: [{ line: 1, column: 1, key: "", problem: "larger than 1 MB" }] };
  }
  try {
    const json = parseJsonWithPositions(text.replace(/^\ufeff/, ""));
    const result = profileSchema.safeParse(json.value);
    if (result.success) return { profile: result.data, problems: [] };
    const problems = result.error.issues.flatMap((issue): ProfileProblem[] => {
      const paths =
        issue.code === "unrecognized_keys"
          ? issue.keys.map((key) => ({ path: [...issue.path, key], problem: "no such key here" }))
          : [{ path: issue.path, problem: issue.message }];
      return paths.map(({ path, problem }) => ({ ...json.positionOf(path), key: keyName(path), problem }));
    });
    return { profile: null, problems: problems.sort((a, b) => a.line - b.line || a.column - b.column) };
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    return { profile: null, problems: [{ ...error.position, key: "", problem: error.message }] };
  }
}

/** The profile of a file. @throws GatewayError CONFIG_INVALID, its message naming file, line and key of each problem */
export function readProfile(text: string, file: string): Profile {
  const { profile, problems } = examineProfile(text);
  if (profile !== null) return profile;
  throw new GatewayError("CONFIG_INVALID", `the profile is not usable:\n${problemLines(problems, file).join("\n")}`, {
    details: { file, problems },
  });
}

/** `file:line:column: key: problem`, as editors and terminals know it. */
export function problemLines(problems: readonly ProfileProblem[], file: string): string[] {
  return problems.map(
    ({ line, column, key, problem }) => `${file}:${line}:${column}: ${key === "" ? "" : `${key}: `}${problem}`,
  );
}

function keyName(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (name, part) =>
      typeof part === "number" ? `${name}[${part}]` : name === "" ? String(part) : `${name}.${String(part)}`,
    "",
  );
}
