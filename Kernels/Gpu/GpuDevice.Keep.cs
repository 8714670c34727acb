using ILGPU;
using ILGPU.Runtime;

namespace Managed.Kernels.Gpu;

internal sealed partial class GpuDevice
{
    private readonly Keeping keeping;
    private readonly HostTable<int> keptRows;

    public Memory<float> RentHost(int length) => keeping.Pool.Rent(length);

    public void ReturnHost(Memory<float> memory) => keeping.Pool.Return(memory);

    public void Keep(Memory<float> target, Rows values)
    {
        RowsView source = ReadView(values);
        int piece = keeping.RowsAtOnce(values.Width);
        for (int first = 0; first < values.Count; first += piece)
        {
            int count = Math.Min(piece, values.Count - first);
            ArrayView<float> staged = keeping.Begin(count * values.Width);
            if (values.IsDense)
                staged.CopyFrom(memory.Stream, source.Values.SubView(source.Start(first), staged.Length));
            else
                kernels.Copy(kernels.Threads(staged.Length), new RowsView(staged, values.Width, values.Width), From(source, first), count);
            keeping.Send(target, first * (long)values.Width);
        }
    }

    public void Keep(Memory<float> target, Rows values, ReadOnlySpan<int> rows)
    {
        RowsView source = ReadView(values);
        ArrayView<int> chosen = keptRows.View(rows);
        int piece = keeping.RowsAtOnce(values.Width);
        for (int first = 0; first < rows.Length; first += piece)
        {
            int count = Math.Min(piece, rows.Length - first);
            ArrayView<float> staged = keeping.Begin(count * values.Width);
            kernels.Gather(kernels.Threads(staged.Length), new RowsView(staged, values.Width, values.Width), source, chosen.SubView(first, count), count);
            keeping.Send(target, first * (long)values.Width);
        }
    }

    private static RowsView From(RowsView rows, int first) =>
        new(rows.Values.SubView(rows.Start(first), rows.Values.Length - rows.Start(first)), rows.Width, rows.Stride);

    // What was prepared from the rows stays good: they are only read.
    private RowsView ReadView(Rows rows)
    {
        LaunchWhatWaits();
        return InMemory(rows);
    }
}
