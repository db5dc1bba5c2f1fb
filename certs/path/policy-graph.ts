import type { PolicyInformation, PolicyMapping } from "../x509/extensions.ts";
import { ANY_POLICY } from "../x509/oids.ts";

interface Node {
  readonly policy: string;
  expected: ReadonlySet<string>;
  readonly parents: Set<Node>;
  children: number;
}

/**
 * The valid_policy_graph of RFC 9618, which replaces the tree of RFC 5280 §6.1: one node per policy and depth, so that its
 * size is bounded by the number of policies times the length of the path, whatever mappings an attacker writes.
 */
export class PolicyGraph {
  /** Nodes by depth, each by policy. */
  private readonly levels: Map<string, Node>[];

  constructor() {
    const root: Node = { policy: ANY_POLICY, expected: new Set([ANY_POLICY]), parents: new Set(), children: 0 };
    this.levels = [new Map([[ANY_POLICY, root]])];
  }

  /** True when no node is left at the last depth: NULL in the words of the RFC. */
  get isNull(): boolean {
    return this.levels.at(-1)!.size === 0;
  }

  /** RFC 5280 §6.1.3 (d) in the form of RFC 9618 §5.2: adds the depth of the next certificate. */
  addDepth(policies: readonly PolicyInformation[], anyPolicyAllowed: boolean): void {
    const above = this.levels.at(-1)!;
    const expecting = new Map<string, Node[]>();
    for (const node of above.values()) {
      for (const policy of node.expected) {
        const list = expecting.get(policy);
        if (list) list.push(node);
        else expecting.set(policy, [node]);
      }
    }
    const anyAbove = above.get(ANY_POLICY);
    const level = new Map<string, Node>();
    for (const { policy } of policies) {
      if (policy === ANY_POLICY) continue;
      const parents = expecting.get(policy) ?? (anyAbove ? [anyAbove] : []);
      if (parents.length > 0) level.set(policy, child(policy, parents));
    }
    if (anyPolicyAllowed && policies.some((p) => p.policy === ANY_POLICY)) {
      for (const [policy, parents] of expecting) if (!level.has(policy)) level.set(policy, child(policy, parents));
    }
    this.levels.push(level);
    this.prune();
  }

  /** The certificate has no policies: §6.1.3 (e). */
  clear(): void {
    this.levels.push(new Map());
    this.prune();
  }

  /** §6.1.4 (b) in the form of RFC 9618 §5.3. */
  map(mappings: readonly PolicyMapping[], allowed: boolean): void {
    const level = this.levels.at(-1)!;
    const grouped = new Map<string, Set<string>>();
    for (const { issuerDomainPolicy, subjectDomainPolicy } of mappings) {
      const set = grouped.get(issuerDomainPolicy);
      if (set) set.add(subjectDomainPolicy);
      else grouped.set(issuerDomainPolicy, new Set([subjectDomainPolicy]));
    }
    for (const [policy, mapped] of grouped) {
      const node = level.get(policy);
      if (!allowed) {
        if (node) this.remove(level, node);
        continue;
      }
      if (node) node.expected = mapped;
      else if (level.has(ANY_POLICY)) {
        const anyAbove = this.levels.at(-2)?.get(ANY_POLICY);
        if (!anyAbove) continue;
        const made = child(policy, [anyAbove]);
        made.expected = mapped;
        level.set(policy, made);
      }
    }
    this.prune();
  }

  /**
   * §6.1.5 (g) in the form of RFC 9618 §5.4: the policies under which the path is valid and the user wants it.
   * `2.5.29.32.0` stands for any.
   */
  constrainedTo(wanted: ReadonlySet<string>): Set<string> {
    const out = new Set<string>();
    if (this.isNull) return out;
    const authority = new Set<string>();
    if (this.levels.at(-1)!.has(ANY_POLICY)) authority.add(ANY_POLICY);
    for (const level of this.levels.slice(1)) {
      for (const node of level.values()) {
        if (node.policy !== ANY_POLICY && [...node.parents].some((p) => p.policy === ANY_POLICY)) {
          authority.add(node.policy);
        }
      }
    }
    if (wanted.has(ANY_POLICY)) return authority;
    for (const policy of wanted) if (authority.has(policy) || authority.has(ANY_POLICY)) out.add(policy);
    return out;
  }

  private remove(level: Map<string, Node>, node: Node): void {
    level.delete(node.policy);
    for (const parent of node.parents) parent.children--;
  }

  /** Deletes nodes above the last depth that have no children, upwards: §6.1.3 (d)(3). */
  private prune(): void {
    for (let depth = this.levels.length - 2; depth >= 0; depth--) {
      for (const node of this.levels[depth]!.values()) if (node.children === 0) this.remove(this.levels[depth]!, node);
    }
  }
}

function child(policy: string, parents: readonly Node[]): Node {
  for (const parent of parents) parent.children++;
  return { policy, expected: new Set([policy]), parents: new Set(parents), children: 0 };
}
