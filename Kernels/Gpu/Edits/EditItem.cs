using ILGPU;
using Managed.Kernels.Edits;

namespace Managed.Kernels.Gpu.Edits;

/// <summary>Tokens of one row on which a group runs the row's instructions at a hook point, one token after the other.</summary>
internal readonly record struct EditItem
{
    /// <summary>Where the program's vectors, the row's state and what it recorded begin in <see cref="EditMemory.Numbers"/>.</summary>
    public long Vectors { get; init; }

    public long Lines { get; init; }

    public long Buffers { get; init; }

    /// <summary>First instruction here, and how many.</summary>
    public int First { get; init; }

    public int Count { get; init; }

    /// <summary>Number of the first instruction within its program.</summary>
    public int Number { get; init; }

    /// <summary>Where the program's conditions and sparse indices begin.</summary>
    public int Conditions { get; init; }

    public int Indices { get; init; }

    public int Slots { get; init; }

    public int Registers { get; init; }

    public int BufferWidth { get; init; }

    public int PromptLength { get; init; }

    /// <summary>Tokens of the step.</summary>
    public int FirstToken { get; init; }

    public int Tokens { get; init; }

    /// <summary>Where the row's first failure is noted in <see cref="EditMemory.Failures"/>.</summary>
    public int Failure { get; init; }
}

/// <summary>All programs and rows, each in its piece.</summary>
internal readonly struct EditMemory(
    ArrayView<float> numbers, ArrayView<EditInstruction> instructions, ArrayView<ConditionOp> conditions, ArrayView<int> indices, ArrayView<long> failures)
{
    public readonly ArrayView<float> Numbers = numbers;

    public readonly ArrayView<EditInstruction> Instructions = instructions;

    public readonly ArrayView<ConditionOp> Conditions = conditions;

    public readonly ArrayView<int> Indices = indices;

    /// <summary>For each row position · 2³² + instruction of its first failure; <see cref="NoFailure"/>: none.</summary>
    public readonly ArrayView<long> Failures = failures;

    public const long NoFailure = long.MaxValue;

    /// <summary>Rank, or hidden units and classes, of an instruction that runs on the device.</summary>
    public const int MostUnits = 512;

    /// <summary>Elements of a row on which a user's code runs on the device.</summary>
    public const int MostElements = 8192;
}
