using Managed.Kernels;

namespace Managed.Weights;

/// <summary>Adds an adapter to a model's weights for good: W + scale · B·A, as float32.</summary>
internal static unsafe class AdapterMerger
{
    /// <summary>Replaces each targeted layer's weights; the new ones belong to the caller.</summary>
    public static List<IDisposable> Merge(IDevice device, Adapter adapter)
    {
        var owned = new List<IDisposable>();
        foreach ((AdapterPart first, LinearLayer layer) in adapter.Parts.SelectMany(part => part.Changed().Select(layer => (part, layer))))
        {
            // Row i of the identity through a linear layer gives column i of its matrix: any weight type, any device.
            int inputs = layer.Inputs, outputs = layer.Outputs;
            DeviceBuffer merged = device.Allocate((long)inputs * outputs);
            using DeviceBuffer identity = device.Allocate((long)inputs * inputs), column = device.Allocate((long)inputs * outputs);
            using DeviceBuffer up = device.Allocate((long)inputs * outputs);
            Span<float> ones = device.Span(identity, 0, inputs * inputs);
            for (int i = 0; i < inputs; i++)
                ones[(i * inputs) + i] = 1;
            var unit = new Rows(identity, inputs, inputs);
            Rows columns = new(column, inputs, outputs), ups = new(up, inputs, outputs);
            device.Linear([new Projection(columns, layer.Matrix)], unit, Precision.Exact);
            for (AdapterPart? part = first; part is not null; part = part.Next)
                if (part.Of(layer) is { } own)
                {
                    using DeviceBuffer down = device.Allocate((long)inputs * own.Down.Rows);
                    var downs = new Rows(down, inputs, own.Down.Rows);
                    device.Linear([new Projection(downs, own.Down)], unit, Precision.Exact);
                    device.LinearAdd(columns, new Projection(ups, own.Up), downs, Precision.Exact);
                }
            device.Synchronize();
            Span<float> from = device.Span(column, 0, inputs * outputs), to = device.Span(merged, 0, inputs * outputs);
            for (int i = 0; i < inputs; i++)
                for (int o = 0; o < outputs; o++)
                    to[(o * inputs) + i] = from[(i * outputs) + o];
            fixed (float* data = to)
            {
                Weight weight = device.CreateWeight(new WeightSource { Data = (byte*)data, Type = WeightType.F32, Rows = outputs, Columns = inputs });
                layer.Matrix = weight;
                owned.Add(weight);
            }
            owned.Add(merged);
        }
        return owned;
    }
}
