using ILGPU;
using Managed.Kernels.Edits;

namespace Managed.Kernels.Gpu.Edits;

/// <summary>One instruction of a program where it lies in the device's memory, and the numbers that it makes of products.</summary>
internal readonly struct EditStep(EditItem item, EditMemory memory, int at)
{
    private readonly ArrayView<EditInstruction> instructions = memory.Instructions;

    public readonly EditItem Item = item;

    public readonly ArrayView<float> Numbers = memory.Numbers;

    public readonly ArrayView<int> Indices = memory.Indices;

    private readonly int at = at;

    public EditKind Kind => instructions[at].Kind;

    public PositionRule Positions => instructions[at].Positions;

    public int ConditionFirst => instructions[at].ConditionFirst;

    public int ConditionCount => instructions[at].ConditionCount;

    public int Slot => instructions[at].Slot;

    public int Sticky => instructions[at].Sticky;

    public int Rank => instructions[at].Rank;

    public EditLink Link => instructions[at].Link;

    public float Strength => instructions[at].Strength;

    public RegisterFrom FactorFrom => instructions[at].FactorFrom;

    public int FactorSlot => instructions[at].FactorSlot;

    public int FactorSign => instructions[at].FactorSign;

    public float Norm => instructions[at].Norm;

    public bool IsRead => Kind <= EditKind.Record;

    /// <summary>Where the instruction's vectors begin.</summary>
    public long Vector => Item.Vectors + instructions[at].Vector;

    /// <summary>Where the first of its sparse indices stands.</summary>
    public int FirstIndex => Item.Indices + instructions[at].Indices;

    /// <summary>Where the vector that it records to or reads lies; −1: none.</summary>
    public long Recorded => instructions[at].Buffer < 0 ? -1 : Item.Buffers + ((long)instructions[at].Buffer * Item.BufferWidth);

    /// <summary>Whether what was recorded is read in x's stead.</summary>
    public bool IsAlone => instructions[at].Alone == 1;

    /// <summary>Whether it is the cosine with tanh(proj_v y).</summary>
    public bool IsBent => Kind == EditKind.Cosine && Link == EditLink.Tanh;

    /// <summary>Of what is recorded, the weight of this position's x.</summary>
    public float Share(int position) => instructions[at].Share(position, Item.PromptLength);

    /// <summary>Where the vector lies that is taken off x before it is read, or read in its stead; −1: none.</summary>
    public long Subtracted => Kind is EditKind.Projection or EditKind.Cosine ? Recorded : -1;

    /// <summary>Vectors of which the product with x is wanted; they follow each other.</summary>
    public int Products => Kind switch
    {
        EditKind.MlpProbe or EditKind.LowRank => Rank,
        EditKind.LinearProbe or EditKind.Projection or EditKind.Cosine or EditKind.ProjectOut or EditKind.ClampProjection => 1,
        _ => 0,
    };

    /// <summary>What becomes of product k: with its bias and link where it is a hidden unit.</summary>
    public float Unit(int k, float product, int width)
    {
        if (Kind != EditKind.MlpProbe && Kind != EditKind.LowRank)
            return product;
        product += Numbers[Vector + ((long)Rank * width) + k];
        return product < 0 && (Kind == EditKind.MlpProbe || Link == EditLink.Relu) ? 0 : product;
    }

    /// <summary>Classes of a probe of two layers; 0 for all else.</summary>
    public int ClassCount => Kind == EditKind.MlpProbe ? instructions[at].Classes : 0;

    /// <summary>W2[c] · hidden + b2[c].</summary>
    public float ClassSum(int c, ArrayView<float> units, int width)
    {
        int rank = Rank;
        long second = Vector + ((long)rank * (width + 1)), bias = second + ((long)ClassCount * rank);
        float sum = 0;
        for (int h = 0; h < rank; h++)
            sum = Arithmetic.MultiplyAdd(Numbers[second + ((long)c * rank) + h], units[h], sum);
        return sum + Numbers[bias + c];
    }

    /// <summary>The number that a read gives.</summary>
    public float Reading(ArrayView<float> units, float length)
    {
        EditKind kind = Kind;
        if (kind == EditKind.Length)
            return length;
        if (kind == EditKind.Projection)
            return units[0];
        if (kind == EditKind.Cosine)
        {
            float lengths = IsBent ? length : Norm * length;
            return lengths == 0 ? 0 : units[0] / lengths;
        }
        if (kind == EditKind.LinearProbe)
        {
            float z = units[0] + instructions[at].Bias;
            return Link == EditLink.Sigmoid ? Sigmoid(z) : z;
        }
        return ClassReading(units);
    }

    private float ClassReading(ArrayView<float> units)
    {
        int first = Rank, end = Rank + ClassCount;
        float wanted = units[first + instructions[at].Class];
        if (Link != EditLink.Softmax)
            return wanted;
        float highest = units[first], total = 0;
        for (int c = first + 1; c < end; c++)
            highest = MathF.Max(highest, units[c]);
        for (int c = first; c < end; c++)
            total += MathF.Exp(units[c] - highest);
        return MathF.Exp(wanted - highest) / total;
    }

    /// <summary>A projection within the instruction's bounds.</summary>
    public float Clamped(float along) => MathF.Min(MathF.Max(along, instructions[at].Low), instructions[at].High);

    private static float Sigmoid(float z) => z >= 0 ? 1 / (1 + MathF.Exp(-z)) : MathF.Exp(z) / (1 + MathF.Exp(z));
}
