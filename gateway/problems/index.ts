export { knownProblemCodes, type ProblemText, problemText } from "./catalogue.ts";
export { type Problem, problemSchema, storedProblem, toProblem } from "./to-problem.ts";
