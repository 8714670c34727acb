using System.Numerics;
using System.Runtime.CompilerServices;

namespace Managed.Tests.Ptx;

/// <summary>Loads, stores, addresses and cache control.</summary>
internal static class MemoryRules
{
    private const string Spaces = "S=global|shared|local|const|param";
    private const string Priority = "L1=L1::evict_normal|L1::evict_unchanged|L1::evict_first|L1::evict_last|L1::no_allocate";

    private const string Policies =
        "primary=L2::evict_last|L2::evict_normal|L2::evict_first|L2::evict_unchanged secondary=L2::evict_first|L2::evict_unchanged?";

    public static readonly Rule[] All =
    [
        new($"ld weak? {Spaces}? cache=ca|cg|cs|lu|cv? V=v2|v4? T=@memory", "=<V>≥T [S]", Load) { Check = CheckWidth },
        new("ld weak? S=shared::cta V=v2|v4? T=@memory", "=<V>≥T [S]", Load, 78, 70) { Check = CheckWidth },
        new($"ld volatile {Spaces}? V=v2|v4? T=@memory", "=<V>≥T [S]", Load) { Check = CheckWidth },
        new("ld sem=relaxed|acquire scope=cta|gpu|sys S=global|shared|shared::cta? V=v2|v4? T=@memory", "=<V>≥T [S]", Load) { Check = CheckWidth },
        new("ld sem=relaxed|acquire scope=cluster S=global|shared|shared::cta? V=v2|v4? T=@memory", "=<V>≥T [S]", Load, 78, 90) { Check = CheckWidth },
        new("ld S=global cache=ca|cg|cs? nc V=v2|v4? T=@memory", "=<V>≥T [S]", Load) { Check = CheckWidth },
        new($"ld S=global nc? {Priority} V=v2|v4? T=@memory", "=<V>≥T [S]", Load, 74, 70) { Check = CheckWidth },
        new($"ld S=global nc? {Priority}? fetch=L2::64B|L2::128B V=v2|v4? T=@memory", "=<V>≥T [S]", Load, 74, 75) { Check = CheckWidth },
        new($"ld S=global nc? {Priority}? fetch=L2::256B V=v2|v4? T=@memory", "=<V>≥T [S]", Load, 74, 80) { Check = CheckWidth },
        new($"ld S=global nc? {Priority}? L2::cache_hint fetch=L2::64B|L2::128B|L2::256B? V=v2|v4? T=@memory", "=<V>≥T [S] b64", Load, 74, 80) { Check = CheckWidth },
        new("ldu nc=global V=v2|v4? T=@memory", "=<V>≥T [g]", Load) { Check = CheckWidth },
        new($"st weak? {Spaces}? cache=wb|cg|cs|wt? V=v2|v4? T=@memory", "[S] <V>≥T", Store) { Check = CheckWidth },
        new("st weak? S=shared::cta V=v2|v4? T=@memory", "[S] <V>≥T", Store, 78, 70) { Check = CheckWidth },
        new($"st volatile {Spaces}? V=v2|v4? T=@memory", "[S] <V>≥T", Store) { Check = CheckWidth },
        new("st sem=relaxed|release scope=cta|gpu|sys S=global|shared|shared::cta? V=v2|v4? T=@memory", "[S] <V>≥T", Store) { Check = CheckWidth },
        new("st sem=relaxed|release scope=cluster S=global|shared|shared::cta? V=v2|v4? T=@memory", "[S] <V>≥T", Store, 78, 90) { Check = CheckWidth },
        new($"st S=global {Priority} V=v2|v4? T=@memory", "[S] <V>≥T", Store, 74, 70) { Check = CheckWidth },
        new($"st S=global {Priority}? L2::cache_hint V=v2|v4? T=@memory", "[S] <V>≥T b64", Store, 74, 80) { Check = CheckWidth },
        new("prefetch S=global|local? level=L1|L2", "[g]", Nothing),
        new("prefetch global level=L2::evict_last|L2::evict_normal", "[g]", Nothing, 74, 80),
        new("prefetchu L1", "[g]", Nothing),
        new("applypriority global L2::evict_normal", "[g] #", Nothing, 74, 80),
        new($"createpolicy fractional {Policies} b64", "=b64 f32?", Policy, 74, 80),
        new($"createpolicy range global {Policies} b64", "=b64 [g] b32 b32", Policy, 74, 80),
        new("createpolicy cvt L2 b64", "=b64 b64", Policy, 74, 80),
        new("cvta to? S=global|shared|local|const u64", "=u64 u64@", ConvertAddress),
        new("cvta to? S=shared::cta u64", "=u64 u64@", ConvertAddress, 78, 70),
        new("cvta to? S=param u64", "=u64 u64@", ConvertAddress, 77, 70),
        new("isspacep S=global|shared|local|const", "=pred u64", IsInSpace),
    ];

    /// <summary>One access moves at most 16 bytes.</summary>
    public static string? CheckWidth(Operand[] operands, RuleMatch match) =>
        match["V"] == "v4" && match.Type("T").Bytes == 8 ? "a vector of 32 bytes is too wide; at most 16." : null;

    public static MemorySpace SpaceOf(string word) => word switch
    {
        "global" => MemorySpace.Global,
        "shared" or "shared::cta" => MemorySpace.Shared,
        "local" => MemorySpace.Local,
        "const" => MemorySpace.Const,
        "param" => MemorySpace.EntryParameter,
        _ => MemorySpace.Generic,
    };

    private static void Nothing(Operation operation, RuleMatch match) => operation.Class = InstructionClass.Load;

    /// <summary>A policy's bits mean nothing here; they only must be a defined value.</summary>
    private static void Policy(Operation operation, RuleMatch match)
    {
        operation.Class = InstructionClass.Move;
        operation.Run = (warp, op, mask) =>
        {
            for (; mask != 0; mask &= mask - 1)
                Unsafe.Add(ref warp.Register(op.D), BitOperations.TrailingZeroCount(mask)) = 0x12F0000000000000;
        };
    }

    private static void SetUp(Operation operation, RuleMatch match, Access access)
    {
        ScalarType type = match.Type("T");
        operation.Bytes = type.Bytes;
        operation.Count = match["V"] switch { "v2" => 2, "v4" => 4, _ => 1 };
        operation.Access = access;
        if (match.Has("nc"))
            operation.Access |= Access.NonCoherent;
        if (match.Has("volatile") || match.Has("sem"))
            operation.Access |= Access.Strong;
        if (match["sem"] == "acquire")
            operation.Access |= Access.Acquire;
        if (match["sem"] == "release")
            operation.Access |= Access.Release;
    }

    private static void Load(Operation operation, RuleMatch match)
    {
        SetUp(operation, match, Access.Read);
        operation.Class = InstructionClass.Load;
        operation.Run = Close(nameof(LoadLanes), match.Type("T"));
    }

    private static void Store(Operation operation, RuleMatch match)
    {
        SetUp(operation, match, Access.Write);
        operation.Class = InstructionClass.Store;
        operation.Run = Close(nameof(StoreLanes), match.Type("T"));
    }

    private static Execute Close(string loop, ScalarType type)
    {
        Type element = type.Bytes == 4 && type.IsFloat ? typeof(uint) : type.Bytes == 8 ? typeof(ulong) : type.Clr!;
        return typeof(MemoryRules).GetMethod(loop)!.MakeGenericMethod(element).CreateDelegate<Execute>();
    }

    public static void LoadLanes<T>(Warp warp, Operation operation, uint mask) where T : unmanaged
    {
        int count = operation.Count, total = operation.Bytes * count;
        ref ulong addresses = ref warp.Register(operation.Slots[count]);
        var traffic = new Traffic(warp, operation, total);
        for (; mask != 0; mask &= mask - 1)
        {
            int lane = BitOperations.TrailingZeroCount(mask);
            ulong address = (Unsafe.Add(ref addresses, lane) + (ulong)operation.Offsets[0]) & operation.AddressMasks[0];
            ref byte bytes = ref warp.Touch(operation, operation.Space, address, total, lane, operation.Access);
            traffic.Add(address);
            for (int i = 0; i < count; i++)
                Lanes.Put(ref warp.Register(operation.Slots[i]), lane, Unsafe.ReadUnaligned<T>(ref Unsafe.Add(ref bytes, i * operation.Bytes)));
        }
        traffic.Count();
    }

    public static void StoreLanes<T>(Warp warp, Operation operation, uint mask) where T : unmanaged
    {
        int count = operation.Count, total = operation.Bytes * count;
        ref ulong addresses = ref warp.Register(operation.Slots[0]);
        var traffic = new Traffic(warp, operation, total);
        for (; mask != 0; mask &= mask - 1)
        {
            int lane = BitOperations.TrailingZeroCount(mask);
            ulong address = (Unsafe.Add(ref addresses, lane) + (ulong)operation.Offsets[0]) & operation.AddressMasks[0];
            ref byte bytes = ref warp.Touch(operation, operation.Space, address, total, lane, operation.Access);
            traffic.Add(address);
            for (int i = 0; i < count; i++)
                Unsafe.WriteUnaligned(ref Unsafe.Add(ref bytes, i * operation.Bytes), Lanes.Get<T>(ref warp.Register(operation.Slots[i + 1]), lane));
        }
        traffic.Count();
    }

    private static ulong Window(string space) => SpaceOf(space) switch
    {
        MemorySpace.Shared => AddressWindows.Shared,
        MemorySpace.Local => AddressWindows.Local,
        MemorySpace.EntryParameter => AddressWindows.Parameter,
        _ => 0,
    };

    private static void ConvertAddress(Operation operation, RuleMatch match)
    {
        operation.Class = InstructionClass.Integer;
        ulong window = match.Has("to") ? 0 - Window(match["S"]) : Window(match["S"]);
        operation.Run = Lanes.Each(address => address + window);
    }

    private static void IsInSpace(Operation operation, RuleMatch match)
    {
        operation.Class = InstructionClass.Compare;
        ulong window = Window(match["S"]);
        operation.Run = (warp, op, mask) =>
        {
            uint result = 0;
            for (int lane = 0; lane < 32; lane++)
                if ((Unsafe.Add(ref warp.Register(op.A), lane) & AddressWindows.Mask) == window)
                    result |= 1u << lane;
            warp.SetPredicate(op.D, mask, result);
        };
    }
}
