namespace Managed.Tests.Ptx;

/// <summary>A register with a value that the machine gives: %tid.x and the like.</summary>
/// <param name="IsClock">Its value changes while a warp runs.</param>
internal sealed record SpecialRegister(string Name, ScalarType Type, Func<Warp, int, ulong> Value, bool IsClock = false)
{
    private static readonly Dictionary<string, SpecialRegister> Table = Make().ToDictionary(register => register.Name);

    public static SpecialRegister? Find(string name) => Table.GetValueOrDefault(name);

    private static IEnumerable<SpecialRegister> Make()
    {
        ScalarType u32 = ScalarType.Find("u32")!, u64 = ScalarType.Find("u64")!;
        (string Axis, Func<Size3, int> Of)[] axes = [("x", size => size.X), ("y", size => size.Y), ("z", size => size.Z)];
        foreach ((string axis, Func<Size3, int> of) in axes)
        {
            yield return new($"%tid.{axis}", u32, (warp, lane) => (ulong)of(warp.Block.Launch.BlockSize.At(warp.ThreadOf(lane))));
            yield return new($"%ntid.{axis}", u32, (warp, _) => (ulong)of(warp.Block.Launch.BlockSize));
            yield return new($"%ctaid.{axis}", u32, (warp, _) => (ulong)of(warp.Block.Index));
            yield return new($"%nctaid.{axis}", u32, (warp, _) => (ulong)of(warp.Block.Launch.GridSize));
        }
        yield return new("%laneid", u32, (_, lane) => (ulong)lane);
        // not the warp's number on purpose: PTX promises nothing about it
        yield return new("%warpid", u32, (warp, _) => (ulong)(31 - warp.Index));
        yield return new("%nwarpid", u32, (_, _) => 64);
        yield return new("%smid", u32, (warp, _) => (ulong)(warp.Block.LinearIndex % 108));
        yield return new("%nsmid", u32, (_, _) => 108);
        yield return new("%gridid", u64, (_, _) => 1);
        yield return new("WARP_SZ", u32, (_, _) => 32);
        yield return new("%lanemask_eq", u32, (_, lane) => 1UL << lane);
        yield return new("%lanemask_lt", u32, (_, lane) => (1UL << lane) - 1);
        yield return new("%lanemask_le", u32, (_, lane) => (2UL << lane) - 1);
        yield return new("%lanemask_gt", u32, (_, lane) => (uint)~((2UL << lane) - 1));
        yield return new("%lanemask_ge", u32, (_, lane) => (uint)~((1UL << lane) - 1));
        yield return new("%dynamic_smem_size", u32, (warp, _) => (ulong)warp.Block.Launch.DynamicSharedBytes);
        yield return new("%total_smem_size", u32, (warp, _) => (ulong)warp.Block.Launch.SharedBytes);
        yield return new("%clock", u32, (warp, _) => (uint)warp.Block.Launch.Clock, IsClock: true);
        yield return new("%clock64", u64, (warp, _) => warp.Block.Launch.Clock, IsClock: true);
        yield return new("%globaltimer", u64, (warp, _) => warp.Block.Launch.Clock, IsClock: true);
        for (int i = 0; i < 32; i++)
            yield return new($"%envreg{i}", u32, (_, _) => 0);
    }
}
