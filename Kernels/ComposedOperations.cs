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
