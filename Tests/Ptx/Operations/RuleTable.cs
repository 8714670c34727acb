namespace Managed.Tests.Ptx;

/// <summary>All instructions the interpreter knows, by the first word of their opcode.</summary>
internal static class RuleTable
{
    private static readonly Dictionary<string, Rule[]> Rules = new[]
        {
            IntegerRules.All, FloatRules.All, HalfRules.All, MoveRules.All, ConvertRules.All, MemoryRules.All, AtomicRules.All,
            ControlRules.All, WarpRules.All, AsyncCopyRules.All, MatrixRules.All, WgmmaRules.All, AsyncBarrierRules.All,
        }
        .SelectMany(rules => rules).GroupBy(rule => rule.Opcode).ToDictionary(group => group.Key, group => group.ToArray());

    /// <summary>Rules whose spelling fits an opcode; an error that says why there is none.</summary>
    public static List<(Rule Rule, RuleMatch Match)> Find(InstructionStatement instruction, PtxTarget target)
    {
        if (!Rules.TryGetValue(instruction.Words[0], out Rule[]? rules))
            throw instruction.Error($"unknown instruction '{instruction.Words[0]}'.");
        var found = new List<(Rule, RuleMatch)>();
        Rule? tooNew = null;
        foreach (Rule rule in rules)
        {
            if (rule.Match(instruction.Words.AsSpan(1)) is not { } match)
                continue;
            if (target.Has(rule.Version, rule.Architecture, rule.Specific))
                found.Add((rule, match));
            else
                tooNew = rule;
        }
        if (found.Count > 0)
            return found;
        throw instruction.Error(tooNew is null
            ? $"'{instruction.Opcode}' is no known combination of modifiers and types of '{instruction.Words[0]}'."
            : $"'{instruction.Opcode}' needs {tooNew.Requirement}; the module has {target.VersionName} and {target.TargetName}.");
    }
}
