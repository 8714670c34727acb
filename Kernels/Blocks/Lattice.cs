using System.Globalization;

namespace Managed.Kernels.Blocks;

/// <summary>A codebook of the IQ types: an index names a point, whose coordinates are the magnitudes of neighbouring weights.</summary>
internal sealed unsafe class Lattice
{
    private const string Resource = "Managed.Kernels.Blocks.lattices.txt";
    private static readonly Lazy<Dictionary<string, Lattice>> All = new(Read);
    private readonly sbyte[] points;
    private readonly int dimension;

    private Lattice(sbyte[] points, int dimension)
    {
        this.points = points;
        this.dimension = dimension;
    }

    /// <summary>The codebook of a type.</summary>
    public static Lattice Of(string name) => All.Value[name];

    /// <summary>values[j] = scale · point[j], negated where bit j of `signs` is set.</summary>
    public void Write(float* values, int index, float scale, int signs)
    {
        for (int j = 0; j < dimension; j++)
        {
            float value = scale * points[(index * dimension) + j];
            values[j] = ((signs >> j) & 1) == 0 ? value : -value;
        }
    }

    /// <summary>values[j] = scale · (point[j] + shift).</summary>
    public void WriteShifted(float* values, int index, float scale, float shift)
    {
        for (int j = 0; j < dimension; j++)
            values[j] = scale * (points[(index * dimension) + j] + shift);
    }

    /// <summary>Eight signs from seven stored bits: the eighth makes the number of minus signs even.</summary>
    public static int EvenSigns(uint stored)
    {
        int seven = (int)(stored & 127);
        return seven | ((System.Numerics.BitOperations.PopCount((uint)seven) & 1) << 7);
    }

    private static Dictionary<string, Lattice> Read()
    {
        using Stream stream = typeof(Lattice).Assembly.GetManifestResourceStream(Resource)!;
        using var reader = new StreamReader(stream);
        var all = new Dictionary<string, Lattice>();
        string name = "";
        int dimension = 0, bits = 0;
        sbyte[] levels = [];
        List<sbyte> points = [];
        while (reader.ReadLine() is { } line)
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0 || words[0] == "#")
                continue;
            if (line.StartsWith("IQ", StringComparison.Ordinal))
            {
                (name, dimension, points) = (words[0], int.Parse(words[1], CultureInfo.InvariantCulture), []);
                levels = [.. words.Skip(2).Select(level => sbyte.Parse(level, CultureInfo.InvariantCulture))];
                bits = levels.Length > 4 ? 3 : 2;
                continue;
            }
            foreach (string word in words)
                for (int j = 0, code = int.Parse(word, NumberStyles.HexNumber, CultureInfo.InvariantCulture); j < dimension; j++, code >>= bits)
                    points.Add(levels[code & ((1 << bits) - 1)]);
            all[name] = new Lattice([.. points], dimension);
        }
        return all;
    }
}
