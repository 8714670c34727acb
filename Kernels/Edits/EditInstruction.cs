namespace Managed.Kernels.Edits;

/// <summary>
/// One line of a program's table: numbers alone, so that a kernel on any device can read it. Fields that a kind does not use are 0.
/// </summary>
internal record struct EditInstruction
{
    public EditKind Kind;

    /// <summary>Which positions of the conversation it acts on.</summary>
    public PositionRule Positions;

    /// <summary>Its part of the program's conditions; none: always.</summary>
    public int ConditionFirst, ConditionCount;

    /// <summary>Column of the row's state: the register that a read writes, or where an edit writes how far it moved x.</summary>
    public int Slot;

    /// <summary>1: a gate that stays open for the rest of the conversation.</summary>
    public int Sticky;

    /// <summary>Where in the program's vectors its own begin. // v: [width]; W1 [hidden, width], b1, W2 [classes, hidden], b2; V [rank, width], b, Uᵀ [rank, width]</summary>
    public int Vector;

    /// <summary>Rank of a low-rank edit, hidden units of an MLP probe, indices of a sparse add.</summary>
    public int Rank;

    /// <summary>Classes of an MLP probe, and the one that is read.</summary>
    public int Classes, Class;

    public EditLink Link;

    /// <summary>First of a sparse add's indices in the program's list.</summary>
    public int Indices;

    /// <summary>The row's buffer that is written or read; −1: none.</summary>
    public int Buffer;

    /// <summary>1: a read of what was recorded, in x's stead. Record: 1 where the mean over its positions so far is kept.</summary>
    public int Alone, Averaged;

    /// <summary>Which of the program's custom edits.</summary>
    public int Custom;

    /// <summary>s.</summary>
    public float Strength;

    /// <summary>A register that multiplies s: where it is read, its column, and whether only its sign counts.</summary>
    public RegisterFrom FactorFrom;

    public int FactorSlot, FactorSign;

    /// <summary>Bias of a linear probe, bounds of a clamp.</summary>
    public float Bias, Low, High;

    /// <summary>‖v‖, for how far an add moves x.</summary>
    public float Norm;

    /// <summary>Whether it writes a register or a buffer and leaves x alone.</summary>
    public readonly bool IsRead => Kind <= EditKind.Record;

    /// <summary>Whether it adds a vector at every position that is its own, whatever was read or recorded.</summary>
    public readonly bool IsPlainAdd => Kind == EditKind.Add && ConditionCount == 0 && FactorFrom == RegisterFrom.None;

    /// <summary>Of what is recorded, the weight of this position's x: 1, or 1 / n at the n-th where a mean is kept.</summary>
    public readonly float Share(int position, int promptLength) => Averaged == 0 ? 1 : 1f / Positions.NumberOf(position, promptLength);
}
