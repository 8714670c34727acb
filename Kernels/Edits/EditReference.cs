namespace Managed.Kernels.Edits;

/// <summary>The arithmetic of every instruction in plain C#, in float64: what <see cref="EditKernel"/> is held against.</summary>
internal static class EditReference
{
    /// <summary>Everything that the program of a row does to it at a hook point.</summary>
    public static unsafe void Run(IDevice device, Span<float> x, int position, EditState state, EditSite site)
    {
        EditProgram program = state.Program;
        Span<float> all = device.Span(state.Lines, 0, (int)state.Lines.Length), line = state.Line(position), before = state.Line(position - 1);
        for (int i = site.First; i < site.First + site.Count; i++)
        {
            EditInstruction op = program.Instructions[i];
            bool here = op.Positions.Contains(position, state.PromptLength);
            float condition = 1, factor = 1;
            fixed (float* pointer = all)
            {
                var lines = new StateLines(pointer, program.Slots, position, state.PromptLength);
                if (here && op.ConditionCount > 0)
                    condition = Conditions.Evaluate(program.Conditions.AsSpan(op.ConditionFirst, op.ConditionCount), lines);
                if (op.FactorFrom != RegisterFrom.None)
                    factor = lines.Register(op.FactorFrom, op.FactorSlot);
            }
            bool acts = here && condition != 0 && !state.HasFailed;
            ReadOnlySpan<float> v = device.Span(program.Vectors, op.Vector, (int)(program.Vectors.Length - op.Vector));
            ReadOnlySpan<float> recorded = op.Buffer >= 0 ? state.Recorded(op.Buffer) : default;
            if (op.Kind == EditKind.Gate)
                line[op.Slot] = op.Sticky == 1 && before[op.Slot] == 1 ? 1 : here ? (condition != 0 ? 1 : 0) : before[op.Slot];
            else if (op.Kind == EditKind.Record && acts)
                Keep(state.Recorded(op.Buffer), x, op.Share(position, state.PromptLength));
            else if (op.IsRead && op.Kind != EditKind.Record)
                line[op.Slot] = acts ? (float)Read(op, x, v, recorded) : before[op.Slot];
            else if (!op.IsRead)
                try
                {
                    line[op.Slot] = acts ? Change(op, x, v, program, recorded, position, line, op.Strength * (op.FactorSign == 1 && !float.IsNaN(factor) ? MathF.Sign(factor) : factor)) : float.NaN;
                }
                catch (Exception thrown) when (op.Kind == EditKind.Custom)
                {
                    state.Fail(i, position, thrown); // the row is refused; the others in its batch go on
                    line[op.Slot] = float.NaN;
                    continue;
                }
            if (acts && op.Kind != EditKind.Record && !float.IsFinite(line[op.Slot]))
                state.Fail(i, position);
        }
    }

    private static void Keep(Span<float> recorded, ReadOnlySpan<float> x, float share)
    {
        for (int i = 0; i < x.Length; i++)
            recorded[i] = share == 1 ? x[i] : (float)(recorded[i] + (share * ((double)x[i] - recorded[i])));
    }

    private static float Change(
        in EditInstruction op, Span<float> x, ReadOnlySpan<float> v, EditProgram program, ReadOnlySpan<float> recorded, int position, Span<float> line, float strength)
    {
        float[] before = x.ToArray();
        if (op.Kind == EditKind.Custom)
            program.Customs[op.Custom].Apply(x, position, line[..program.Registers]);
        else
            Array.ConvertAll(Edit(op, x, v, program.Indices, recorded, strength), value => (float)value).CopyTo(x);
        double moved = 0, length = 0, after = 0;
        for (int i = 0; i < x.Length; i++)
            (moved, length, after) = (moved + Math.Pow(x[i] - before[i], 2), length + Math.Pow(before[i], 2), after + ((double)x[i] * x[i]));
        return !float.IsFinite((float)after) ? float.PositiveInfinity : moved == 0 ? 0 : length == 0 ? 1 : (float)Math.Sqrt(moved / length);
    }

    /// <summary>The number that a read gives.</summary>
    public static double Read(in EditInstruction op, ReadOnlySpan<float> x, ReadOnlySpan<float> v, ReadOnlySpan<float> recorded)
    {
        var y = new double[x.Length];
        for (int i = 0; i < y.Length; i++)
            y[i] = op.Buffer < 0 ? x[i] : op.Alone == 1 ? recorded[i] : x[i] - recorded[i];
        double dot = op.Kind is EditKind.MlpProbe or EditKind.Length ? 0 : Dot(v[..x.Length], y);
        switch (op.Kind)
        {
            case EditKind.LinearProbe:
                return op.Link == EditLink.Sigmoid ? 1 / (1 + Math.Exp(-(dot + op.Bias))) : dot + op.Bias;
            case EditKind.Projection:
                return dot;
            case EditKind.Length:
                return Math.Sqrt(Square(y));
            case EditKind.Cosine:
                double lengths = Math.Sqrt(Square(y)) * op.Norm;
                if (op.Link == EditLink.Tanh && lengths != 0)
                {
                    var bent = new double[y.Length];
                    for (int i = 0; i < bent.Length; i++)
                        bent[i] = Math.Tanh(dot / ((double)op.Norm * op.Norm) * v[i]);
                    lengths = Math.Sqrt(Square(y) * Square(bent));
                    dot = y.Zip(bent, (a, b) => a * b).Sum();
                }
                return lengths == 0 ? 0 : dot / lengths;
        }
        ReadOnlySpan<float> hiddenBias = v[(op.Rank * x.Length)..], second = hiddenBias[op.Rank..], bias = second[(op.Classes * op.Rank)..];
        var sums = new double[op.Classes];
        for (int c = 0; c < sums.Length; c++)
        {
            sums[c] = bias[c];
            for (int h = 0; h < op.Rank; h++)
                sums[c] += second[(c * op.Rank) + h] * Math.Max(0, Dot(v.Slice(h * x.Length, x.Length), y) + hiddenBias[h]);
        }
        return op.Link == EditLink.Softmax ? Math.Exp(sums[op.Class]) / sums.Sum(Math.Exp) : sums[op.Class];
    }

    /// <summary>The row after an edit.</summary>
    public static double[] Edit(in EditInstruction op, ReadOnlySpan<float> x, ReadOnlySpan<float> v, ReadOnlySpan<int> indices, ReadOnlySpan<float> recorded, double strength)
    {
        var result = new double[x.Length];
        for (int i = 0; i < x.Length; i++)
            result[i] = x[i];
        double along = op.Kind is EditKind.ProjectOut or EditKind.ClampProjection ? Dot(v[..x.Length], result) : 0;
        double move = op.Kind == EditKind.ProjectOut ? -strength * along : Math.Clamp(along, op.Low, Math.Max(op.Low, op.High)) - along;
        for (int i = 0; i < x.Length; i++)
            result[i] += op.Kind switch
            {
                EditKind.Add => strength * v[i],
                EditKind.ProjectOut or EditKind.ClampProjection => move * v[i],
                EditKind.Scale => (strength - 1) * x[i],
                EditKind.Replace => strength * ((op.Buffer < 0 ? v[i] : recorded[i]) - x[i]),
                EditKind.LowRank => strength * LowRank(op, x, v, i),
                _ => 0,
            };
        if (op.Kind == EditKind.AddSparse)
            for (int k = 0; k < op.Rank; k++)
                result[indices[op.Indices + k]] += strength * v[k];
        return result;
    }

    private static double LowRank(in EditInstruction op, ReadOnlySpan<float> x, ReadOnlySpan<float> v, int element)
    {
        double sum = 0;
        int width = x.Length;
        for (int k = 0; k < op.Rank; k++)
        {
            double down = v[(op.Rank * width) + k];
            for (int i = 0; i < width; i++)
                down += (double)v[(k * width) + i] * x[i];
            sum += v[(op.Rank * width) + op.Rank + (k * width) + element] * (op.Link == EditLink.Relu ? Math.Max(0, down) : down);
        }
        return sum;
    }

    private static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<double> b)
    {
        double sum = 0;
        for (int i = 0; i < b.Length; i++)
            sum += a[i] * b[i];
        return sum;
    }

    private static double Square(ReadOnlySpan<double> values)
    {
        double sum = 0;
        foreach (double value in values)
            sum += value * value;
        return sum;
    }
}
