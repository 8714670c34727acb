namespace Managed.Tests.Ptx;

/// <summary>An entry ready to run: operations with resolved operands, functions put in where they are called.</summary>
internal sealed class PtxProgram
{
    public required Operation[] Operations { get; init; }

    public required string[] RegisterNames { get; init; }

    public required string[] PredicateNames { get; init; }

    public required (int Slot, ulong Value)[] Constants { get; init; }

    public required (int Slot, uint Value)[] PredicateConstants { get; init; }

    public required (int Slot, SpecialRegister Register)[] Specials { get; init; }

    public required int StaticSharedBytes { get; init; }

    /// <summary>Where `.extern .shared` arrays begin.</summary>
    public required int DynamicSharedStart { get; init; }

    /// <summary>Bytes of local memory of a thread.</summary>
    public required int LocalBytes { get; init; }

    public int RegisterCount => RegisterNames.Length;

    public int PredicateCount => PredicateNames.Length;

    public required bool HasReadOnlyLoads { get; init; }

    public required bool HasAsyncCopies { get; init; }

    public string NameOfRegister(int slot) => RegisterNames[slot];

    public string NameOfPredicate(int slot) => PredicateNames[slot];
}
