using Managed.Kernels.Guidance;

namespace Managed.Guards;

/// <summary>From a guard's logit stages to the table that the generation reads.</summary>
internal static class StageCompiler
{
    /// <summary>What files call the stages, and whether they need a lane or tokens.</summary>
    public static IReadOnlyList<(string Name, LogitStageKind Kind, bool Lane, bool Ids, string[] Members)> Names { get; } =
    [
        ("mix", LogitStageKind.Mix, true, false, ["weight", "keep", "cut"]),
        ("union", LogitStageKind.Union, true, false, ["lambda", "rounded"]),
        ("window", LogitStageKind.Window, true, false, ["alpha", "common"]),
        ("penalty", LogitStageKind.Penalty, false, true, ["strength"]),
        ("mask", LogitStageKind.Mask, false, true, []),
        ("allow", LogitStageKind.Allow, false, true, []),
    ];

    /// <exception cref="GuardException">A stage does not make sense, or names a lane that there is not.</exception>
    public static (LogitStage[] Stages, int[] Ids) Compile(GuardProgram program, LanguageModel model)
    {
        var stages = new List<LogitStage>();
        var ids = new List<int>();
        string[] lanes = [.. program.Lanes.Select(lane => lane.Name)];
        if (lanes.Distinct().Count() != lanes.Length)
            throw new GuardException($"guard {program.Name}: found two lanes of one name in {string.Join(", ", lanes)}; expected different names.");
        for (int i = 0; i < program.Logits.Count; i++)
        {
            GuardLogits source = program.Logits[i];
            GuardException Bad(string what) => new($"guard {program.Name}, logits {i} ({source.Do}): {what}.");
            (_, LogitStageKind kind, bool needsLane, bool needsIds, _) = Names.FirstOrDefault(known => known.Name == source.Do) is { Name: not null } found ? found
                : throw Bad($"expected one of {string.Join(", ", Names.Select(known => known.Name))}");
            int lane = Array.IndexOf(lanes, source.Lane);
            if (needsLane && lane < 0)
                throw Bad($"lane: found {source.Lane ?? "none"}; expected one of {(lanes.Length == 0 ? "\"lanes\", and there is none" : string.Join(", ", lanes))}");
            if (kind == LogitStageKind.Union && !(source.Strength is >= 0 and < 1))
                throw Bad($"lambda: found {source.Strength}; expected 0 ≤ lambda < 1: from 1 on the signs turn over");
            if (kind == LogitStageKind.Window && source.Common is < 1)
                throw Bad($"common: found {source.Common}; expected 1 or more");
            if (!float.IsFinite(source.Strength) || !float.IsFinite(source.Keep) || source.Cut is not (>= 0 and <= 1))
                throw Bad($"found the numbers {source.Strength}, {source.Keep} and {source.Cut}; expected finite ones, and a cut from 0 to 1");
            if (source.Tokens is < 0)
                throw Bad($"tokens: found {source.Tokens}; expected 0 or more");
            if (Array.FindIndex(source.Ids, id => (uint)id >= (uint)model.VocabularySize) is var outside and >= 0)
                throw Bad($"ids: found {source.Ids[outside]}; expected ids below {model.VocabularySize}");
            if (kind == LogitStageKind.Allow && source.Ids.Length == 0)
                throw Bad("ids: found none; expected at least one token that may come");
            int[] stageIds = [.. (kind == LogitStageKind.Penalty ? source.Ids : source.Ids.Distinct()).Order()];
            var stage = new LogitStage
            {
                Kind = kind,
                Lane = lane + 1,
                Tokens = source.Tokens ?? int.MaxValue,
                Strength = source.Strength,
                Keep = source.Keep,
                Cut = source.Cut,
                Common = source.Common,
                Rounded = source.Rounded ? 1 : 0,
                FirstId = ids.Count,
                IdCount = stageIds.Length,
            };
            ids.AddRange(stageIds);
            if (!stage.IsIdentity)
                stages.Add(stage);
        }
        return ([.. stages], [.. ids]);
    }
}
