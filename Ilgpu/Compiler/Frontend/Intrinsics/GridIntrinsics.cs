using Managed.Ilgpu.Compiler.IR;
using Barrier = Managed.Ilgpu.Compiler.IR.Barrier;

namespace Managed.Ilgpu.Compiler.Frontend.Intrinsics;

/// <summary>Group, Grid, Warp: where a thread is, and how threads meet.</summary>
internal static class GridIntrinsics
{
    public static IEnumerable<KeyValuePair<string, Intrinsic>> Table => new Dictionary<string, Intrinsic>
    {
        ["ILGPU.Group.get_IdxX"] = Register(SpecialRegisterKind.ThreadX),
        ["ILGPU.Group.get_IdxY"] = Register(SpecialRegisterKind.ThreadY),
        ["ILGPU.Group.get_IdxZ"] = Register(SpecialRegisterKind.ThreadZ),
        ["ILGPU.Group.get_DimX"] = Register(SpecialRegisterKind.GroupDimensionX),
        ["ILGPU.Group.get_DimY"] = Register(SpecialRegisterKind.GroupDimensionY),
        ["ILGPU.Group.get_DimZ"] = Register(SpecialRegisterKind.GroupDimensionZ),
        ["ILGPU.Grid.get_IdxX"] = Register(SpecialRegisterKind.GroupX),
        ["ILGPU.Grid.get_IdxY"] = Register(SpecialRegisterKind.GroupY),
        ["ILGPU.Grid.get_IdxZ"] = Register(SpecialRegisterKind.GroupZ),
        ["ILGPU.Grid.get_DimX"] = Register(SpecialRegisterKind.GridDimensionX),
        ["ILGPU.Grid.get_DimY"] = Register(SpecialRegisterKind.GridDimensionY),
        ["ILGPU.Grid.get_DimZ"] = Register(SpecialRegisterKind.GridDimensionZ),
        ["ILGPU.Warp.get_LaneIdx"] = Register(SpecialRegisterKind.Lane),
        ["ILGPU.Warp.get_WarpSize"] = call => call.Return(call.Builder.Target.WarpSize > 0
            ? Constant.Int32(call.Builder.Target.WarpSize)
            : call.Emit(new SpecialRegister(SpecialRegisterKind.WarpSize))),
        ["ILGPU.Group.Barrier"] = call => Effect(call, new Barrier(BarrierKind.Group)),
        ["ILGPU.Warp.Barrier"] = call => Effect(call, new Barrier(BarrierKind.Warp)),
        ["ILGPU.Group.BarrierPopCount"] = call => Reduce(call, BarrierKind.GroupCount),
        ["ILGPU.Group.BarrierAnd"] = call => Reduce(call, BarrierKind.GroupAnd),
        ["ILGPU.Group.BarrierOr"] = call => Reduce(call, BarrierKind.GroupOr),
    };

    private static Intrinsic Register(SpecialRegisterKind kind) => call => call.Return(call.Emit(new SpecialRegister(kind)));

    private static StackValue? Effect(IntrinsicCall call, Value effect)
    {
        call.Emit(effect);
        return null;
    }

    private static StackValue Reduce(IntrinsicCall call, BarrierKind kind) =>
        call.Return(call.Emit(new Barrier(kind, call.Builder.ToPredicate(call.Scalar(0)))));
}
