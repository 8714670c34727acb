using System.Numerics.Tensors;
using System.Runtime.Intrinsics;
using Managed.Kernels.Linear;

namespace Managed.Kernels.Edits;

/// <summary>
/// Runs a program's instructions at one hook point on one token's row, with vector instructions.
/// <see cref="EditReference"/> is the same in plain C#.
/// </summary>
internal static unsafe class EditKernel
{
    /// <summary>Everything that the program does to one row here.</summary>
    /// <param name="x">The row, `width` elements.</param>
    /// <param name="width">Its width.</param>
    /// <param name="position">The token's position in the conversation.</param>
    /// <param name="state">The row's program and what it has read so far.</param>
    /// <param name="site">The program's part at this hook point.</param>
    /// <param name="scratch">`width` elements that the caller lends.</param>
    public static void Run(float* x, int width, int position, EditState state, EditSite site, float* scratch)
    {
        EditProgram program = state.Program;
        var lines = new StateLines(state.Lines.Pointer(), program.Slots, position, state.PromptLength);
        float* line = lines.Current, before = lines.Previous;
        for (int i = site.First; i < site.First + site.Count; i++)
        {
            ref readonly EditInstruction op = ref program.Instructions[i];
            bool here = op.Positions.Contains(position, state.PromptLength);
            float condition = here && op.ConditionCount > 0
                ? Conditions.Evaluate(program.Conditions.AsSpan(op.ConditionFirst, op.ConditionCount), lines)
                : 1;
            if (op.Kind == EditKind.Gate)
            {
                float opened = before[op.Slot];
                line[op.Slot] = op.Sticky == 1 && opened == 1 ? 1 : here ? (condition != 0 ? 1 : 0) : opened;
                continue;
            }
            if (op.Kind == EditKind.Record)
            {
                if (here && condition != 0)
                    Replace(state.Buffers.Pointer() + ((long)op.Buffer * program.BufferWidth), width, x, op.Share(position, state.PromptLength));
                continue;
            }
            if (!here || condition == 0 || state.HasFailed)
            {
                line[op.Slot] = op.IsRead ? before[op.Slot] : float.NaN;
                continue;
            }
            float value = op.IsRead
                ? Read(x, width, state, op, scratch)
                : Edit(x, width, position, state, op, i, lines, scratch);
            line[op.Slot] = value;
            if (!float.IsFinite(value))
                state.Fail(i, position);
        }
    }

    private static float Read(float* x, int width, EditState state, in EditInstruction op, float* scratch)
    {
        EditProgram program = state.Program;
        float* v = program.Vectors.Pointer() + op.Vector;
        switch (op.Kind)
        {
            case EditKind.LinearProbe:
                float sum = Lanes.Dot(v, x, width) + op.Bias;
                return op.Link == EditLink.Sigmoid ? Sigmoid(sum) : sum;
            case EditKind.MlpProbe:
                return Probe(x, width, v, op);
            case EditKind.Length:
                return MathF.Sqrt(Lanes.Dot(x, x, width));
        }
        if (op.Buffer >= 0)
        {
            float* recorded = state.Buffers.Pointer() + ((long)op.Buffer * program.BufferWidth);
            if (op.Alone == 0)
                TensorPrimitives.Subtract(Values(x, width), Values(recorded, width), Values(scratch, width));
            x = op.Alone == 0 ? scratch : recorded;
        }
        float dot = Lanes.Dot(v, x, width);
        if (op.Kind == EditKind.Projection)
            return dot;
        float lengths = op.Norm * MathF.Sqrt(Lanes.Dot(x, x, width));
        if (op.Link == EditLink.Tanh)
            (dot, lengths) = Bent(v, x, width, lengths == 0 ? 0 : dot / (op.Norm * op.Norm));
        return lengths == 0 ? 0 : dot / lengths;
    }

    // y·t and ‖y‖·‖t‖, t = tanh(along·v).
    private static (float Dot, float Lengths) Bent(float* v, float* y, int width, float along)
    {
        double dot = 0, bent = 0;
        for (int i = 0; i < width; i++)
        {
            double t = Math.Tanh((double)along * v[i]);
            (dot, bent) = (dot + (y[i] * t), bent + (t * t));
        }
        return ((float)dot, (float)(Math.Sqrt(bent) * Math.Sqrt(Lanes.Dot(y, y, width))));
    }

    // Two layers; hidden units and classes are few.
    private static float Probe(float* x, int width, float* v, in EditInstruction op)
    {
        float* hiddenBias = v + ((long)op.Rank * width), second = hiddenBias + op.Rank, bias = second + ((long)op.Classes * op.Rank);
        float* hidden = stackalloc float[op.Rank];
        float* sums = stackalloc float[op.Classes];
        for (int h = 0; h < op.Rank; h++)
            hidden[h] = Relu(Lanes.Dot(v + ((long)h * width), x, width) + hiddenBias[h]);
        for (int c = 0; c < op.Classes; c++)
            sums[c] = Lanes.Dot(second + ((long)c * op.Rank), hidden, op.Rank) + bias[c];
        return op.Link == EditLink.Softmax ? Softmax(sums, op.Classes, op.Class) : sums[op.Class];
    }

    private static float Edit(
        float* x, int width, int position, EditState state, in EditInstruction op, int index, in StateLines lines, float* scratch)
    {
        EditProgram program = state.Program;
        float* v = program.Vectors.Pointer() + op.Vector;
        float length = MathF.Sqrt(Lanes.SumOfSquares(x, width)), moved;
        float strength = op.Strength * Factor(op, lines);
        switch (op.Kind)
        {
            case EditKind.Add:
                AddScaled(x, v, strength, width);
                moved = strength * op.Norm;
                break;
            case EditKind.AddSparse:
                for (int k = 0; k < op.Rank; k++)
                    x[program.Indices[op.Indices + k]] += strength * v[k];
                moved = strength * op.Norm;
                break;
            case EditKind.ProjectOut:
                moved = strength * Lanes.Dot(v, x, width);
                AddScaled(x, v, -moved, width);
                break;
            case EditKind.ClampProjection:
                float along = Lanes.Dot(v, x, width);
                moved = Math.Clamp(along, op.Low, op.High) - along;
                if (moved != 0)
                    AddScaled(x, v, moved, width);
                break;
            case EditKind.Scale:
                TensorPrimitives.Multiply(Values(x, width), strength, Values(x, width));
                moved = (strength - 1) * length;
                break;
            default:
                Copy(scratch, x, width);
                if (op.Kind == EditKind.LowRank)
                    LowRank(x, scratch, width, v, op.Rank, op.Link, strength);
                else if (op.Kind == EditKind.Replace)
                    Replace(x, width, op.Buffer < 0 ? v : state.Buffers.Pointer() + ((long)op.Buffer * program.BufferWidth), strength);
                else if (!Custom(x, width, position, state, op, index, lines.Current))
                    return float.NaN;
                TensorPrimitives.Subtract(Values(x, width), Values(scratch, width), Values(scratch, width));
                moved = MathF.Sqrt(Lanes.SumOfSquares(scratch, width));
                break;
        }
        return Share(moved, length, Lanes.SumOfSquares(x, width));
    }

    /// <summary>How far a row was moved, as a share of its length before; not finite where its square after it no longer is.</summary>
    public static float Share(float moved, float length, float after) =>
        !float.IsFinite(after) ? float.PositiveInfinity : moved == 0 ? 0 : length == 0 ? 1 : MathF.Abs(moved) / length;

    private static float Factor(in EditInstruction op, in StateLines lines)
    {
        if (op.FactorFrom == RegisterFrom.None)
            return 1;
        float factor = lines.Register(op.FactorFrom, op.FactorSlot);
        return op.FactorSign == 0 || float.IsNaN(factor) ? factor : MathF.Sign(factor);
    }

    private static void LowRank(float* x, float* input, int width, float* v, int rank, EditLink link, float strength)
    {
        float* bias = v + ((long)rank * width), up = bias + rank;
        for (int k = 0; k < rank; k++)
        {
            float down = Lanes.Dot(v + ((long)k * width), input, width) + bias[k];
            AddScaled(x, up + ((long)k * width), strength * (link == EditLink.Relu ? Relu(down) : down), width);
        }
    }

    private static void Replace(float* x, int width, float* y, float strength)
    {
        if (strength == 1)
        {
            Copy(x, y, width);
            return;
        }
        for (int i = 0; i < width; i++)
            x[i] += strength * (y[i] - x[i]);
    }

    private static bool Custom(float* x, int width, int position, EditState state, in EditInstruction op, int index, float* line)
    {
        try
        {
            state.Program.Customs[op.Custom].Apply(Values(x, width), position, new ReadOnlySpan<float>(line, state.Program.Registers));
            return true;
        }
        catch (Exception thrown)
        {
            state.Fail(index, position, thrown); // the row is refused; the others in its batch go on
            return false;
        }
    }

    /// <summary>x += s·v for some lines of a row, and the squares of each before and after.</summary>
    /// <param name="x">The elements; they begin with a line.</param>
    /// <param name="squares">Two numbers for each line.</param>
    /// <param name="v">As many elements.</param>
    /// <param name="s">What they are multiplied with.</param>
    /// <param name="count">How many elements; what is no whole line ends the row.</param>
    public static void AddInLines(float* x, float* squares, float* v, float s, int count)
    {
        Vector256<float> factor = Vector256.Create(s);
        int i = 0;
        for (; i + Lanes.Line <= count; i += Lanes.Line, squares += 2)
        {
            squares[0] = Lanes.Sum(Lanes.SquaresOfLine(x + i));
            Lanes.MultiplyAdd(Vector256.Load(v + i), factor, Vector256.Load(x + i)).Store(x + i);
            Lanes.MultiplyAdd(Vector256.Load(v + i + 8), factor, Vector256.Load(x + i + 8)).Store(x + i + 8);
            squares[1] = Lanes.Sum(Lanes.SquaresOfLine(x + i));
        }
        if (i == count)
            return;
        squares[0] = Lanes.Dot(x + i, x + i, count - i);
        AddScaled(x + i, v + i, s, count - i);
        squares[1] = Lanes.Dot(x + i, x + i, count - i);
    }

    // x += s·v, rounded once for each element.
    private static void AddScaled(float* x, float* v, float s, int width)
    {
        Vector256<float> factor = Vector256.Create(s);
        int i = 0;
        for (; i + 8 <= width; i += 8)
            Lanes.MultiplyAdd(Vector256.Load(v + i), factor, Vector256.Load(x + i)).Store(x + i);
        if (i < width)
            Lanes.StoreFirst(Lanes.MultiplyAdd(Lanes.LoadFirst(v + i, width - i), factor, Lanes.LoadFirst(x + i, width - i)), x + i, width - i);
    }

    /// <summary>1 / (1 + e^−z).</summary>
    public static float Sigmoid(float z) => z >= 0 ? 1 / (1 + MathF.Exp(-z)) : MathF.Exp(z) / (1 + MathF.Exp(z));

    /// <summary>max(0, z), NaN where z is.</summary>
    public static float Relu(float z) => z < 0 ? 0 : z;

    /// <summary>softmax(sums)[index].</summary>
    public static float Softmax(float* sums, int count, int index)
    {
        float highest = sums[0], total = 0;
        for (int c = 1; c < count; c++)
            highest = MathF.Max(highest, sums[c]);
        for (int c = 0; c < count; c++)
            total += MathF.Exp(sums[c] - highest);
        return MathF.Exp(sums[index] - highest) / total;
    }

    private static void Copy(float* output, float* input, int count) => Values(input, count).CopyTo(Values(output, count));

    private static Span<float> Values(float* values, int count) => new(values, count);
}
