namespace Managed.Tests.Ptx;

/// <summary>Branches, the end of a thread, barriers of a block, fences.</summary>
internal static class ControlRules
{
    public static readonly Rule[] All =
    [
        new("bra uni?", "label", Control(OperationKind.Branch)),
        new("brx idx uni?", "u32! table", Control(OperationKind.IndexedBranch)),
        new("ret uni?", "", Control(OperationKind.Exit)),
        new("exit", "", Control(OperationKind.Exit)),
        new("trap", "", (operation, _) =>
        {
            operation.Class = InstructionClass.Control;
            operation.Kind = OperationKind.Exit;
            operation.Run = (warp, op, mask) => throw op.Error($"the kernel trapped{warp.Who(mask)}.");
        }),
        new("nanosleep u32", "u32", Control(OperationKind.Pause), 62),
        new("pmevent", "#", Control(OperationKind.Plain)),
        .. Barrier("bar", "", aligned: true, 60),
        .. Barrier("barrier", "", aligned: false, 60),
        .. Barrier("barrier", "cta ", aligned: false, 78),
        new("membar level=cta|gl|sys", "", Fence),
        new("fence sem=acq_rel|sc|acquire|release scope=cta|gpu|sys", "", Fence),
        new("fence sem=acq_rel|sc scope=cluster", "", Fence, 78, 90),
        new("fence proxy async place=shared::cta|global|shared::cluster?", "", AsyncProxyFence, 80, 90),
        new("fence proxy alias", "", Fence, 75),
        new("griddepcontrol action=launch_dependents|wait", "", Control(OperationKind.Plain), 78, 90),
        new("setmaxnreg direction=inc|dec sync aligned u32", "#", Control(OperationKind.Plain), 80, 90, specific: true)
        {
            Check = (operands, _) => operands[0].Bits is >= 24 and <= 256 && operands[0].Bits % 8 == 0
                ? null : "a count of registers is a multiple of 8 from 24 to 256.",
        },
    ];

    private static Bind Control(OperationKind kind) => (operation, match) =>
    {
        operation.Class = InstructionClass.Control;
        operation.Kind = kind;
        operation.IsUniform = match.Has("uni");
    };

    private static void Fence(Operation operation, RuleMatch match)
    {
        operation.Class = InstructionClass.Barrier;
        operation.Run = (warp, _, _) => warp.Fenced = true;
    }

    private static void AsyncProxyFence(Operation operation, RuleMatch match)
    {
        operation.Class = InstructionClass.Barrier;
        operation.Run = (warp, _, mask) =>
        {
            uint now = warp.Block.Launch.Tick();
            for (; mask != 0; mask &= mask - 1)
                warp.AsyncProxyFences[System.Numerics.BitOperations.TrailingZeroCount(mask)] = now;
        };
    }

    /// <summary>The spellings of one barrier: bar is always aligned, barrier where it says so.</summary>
    private static IEnumerable<Rule> Barrier(string opcode, string words, bool aligned, int version)
    {
        string alignedWord = aligned ? "" : " aligned?";
        foreach (bool counted in new[] { false, true })
        {
            string count = counted ? " u32" : "";
            Rule Make(string pattern, string operands, BarrierAction action) =>
                new($"{opcode} {words}{pattern}", operands, Bind(action, aligned, counted), version)
                {
                    Check = (written, _) => CheckLiterals(written, action, counted),
                };

            yield return Make("sync" + alignedWord, "u32" + count, BarrierAction.Sync);
            if (counted)
                yield return Make("arrive" + alignedWord, "u32 u32", BarrierAction.Arrive);
            yield return Make($"red popc{alignedWord} u32", $"=u32 u32{count} pred^", BarrierAction.ReduceCount);
            yield return Make($"red and{alignedWord} pred", $"=pred u32{count} pred^", BarrierAction.ReduceAnd);
            yield return Make($"red or{alignedWord} pred", $"=pred u32{count} pred^", BarrierAction.ReduceOr);
        }
    }

    private static string? CheckLiterals(Operand[] operands, BarrierAction action, bool counted)
    {
        int first = action >= BarrierAction.ReduceAnd ? 1 : 0;
        if (operands[first] is { Kind: OperandKind.Integer, Bits: > 15 })
            return $"barrier {operands[first]} does not exist; there are 0 to 15.";
        return counted && operands[first + 1].Kind == OperandKind.Integer && (operands[first + 1].Bits == 0 || operands[first + 1].Bits % 32 != 0)
            ? $"the count of threads is a multiple of 32, not {operands[first + 1]}." : null;
    }

    private static Bind Bind(BarrierAction action, bool aligned, bool counted) => (operation, match) =>
    {
        operation.Class = InstructionClass.Barrier;
        operation.Kind = OperationKind.Barrier;
        operation.Data = new BarrierSettings(action, aligned || match.Has("aligned"), counted);
    };
}
