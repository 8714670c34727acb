namespace Managed.Kernels;

/// <summary>Operations that a device may have in one piece, made of its others.</summary>
internal static class ComposedOperations
{
    /// <inheritdoc cref="IDevice.LinearAdd"/>
    public static void LinearAdd(IDevice device, Rows stream, Projection projection, Rows input, Precision precision)
    {
        device.Linear([projection], input, precision);
        device.Add(stream, stream, projection.Output);
    }

    /// <inheritdoc cref="IDevice.LinearGated"/>
    public static void LinearGated(
        IDevice device, Rows output, Projection gate, Projection up, Rows input, ActivationKind kind, float limit, Precision precision)
    {
        device.Linear([gate, up], input, precision);
        device.Activate(output, gate.Output, up.Output, kind, limit);
    }

    /// <inheritdoc cref="IDevice.Keep(Memory{float}, Rows)"/>
    public static void Keep(IDevice device, Span<float> target, Rows values)
    {
        Span<float> read = Read(device, values);
        if (values.IsDense)
            read.CopyTo(target);
        else
            for (int row = 0; row < values.Count; row++)
                read.Slice(row * values.Stride, values.Width).CopyTo(target[(row * values.Width)..]);
    }

    /// <inheritdoc cref="IDevice.Keep(Memory{float}, Rows, ReadOnlySpan{int})"/>
    public static void Keep(IDevice device, Span<float> target, Rows values, ReadOnlySpan<int> rows)
    {
        Span<float> read = Read(device, values);
        for (int i = 0; i < rows.Length; i++)
            read.Slice(rows[i] * values.Stride, values.Width).CopyTo(target[(i * values.Width)..]);
    }

    private static Span<float> Read(IDevice device, Rows values)
    {
        device.Synchronize();
        return values.Count == 0 ? [] : device.Read(values.Buffer, values.Start, values.Extent);
    }

    /// <inheritdoc cref="IDevice.RotateAndStore"/>
    public static void RotateAndStore(
        IDevice device, StepPlan plan, in CacheLayout layout, Rows queries, Rows keys, Rows values, NormSettings? queryNorm, NormSettings? keyNorm,
        int first, ReadOnlySpan<RopeTable> tables)
    {
        if (queryNorm is not null)
            device.Norm(queries, queries, queryNorm);
        if (keyNorm is not null)
            device.Norm(keys, keys, keyNorm);
        if (!tables.IsEmpty)
        {
            device.Rope(queries, plan, queries.Width / layout.KeyDimension, layout.KeyDimension, first, tables);
            device.Rope(keys, plan, layout.KeyHeads, layout.KeyDimension, first, tables);
        }
        device.StoreKeyValue(plan, layout, keys, values);
    }
}
