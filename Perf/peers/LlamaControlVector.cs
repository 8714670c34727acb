using System.Runtime.InteropServices;
using System.Text;

namespace Managed.Peers;

/// <summary>A control vector as llama.cpp reads it from a file, with the function behind `--control-vector-scaled`.</summary>
internal static unsafe class LlamaControlVector
{
    // common_control_vector_load(const std::vector<common_control_vector_load_info> &)
    private const string Reader = "_Z26common_control_vector_loadRKSt6vectorI31common_control_vector_load_infoSaIS0_EE";

    /// <summary>Reads it: [layers × width], the first for block 1; null where llama.cpp refuses the file.</summary>
    public static (float[] Vectors, int Width)? Load(string path, float strength)
    {
        LlamaCpp.Load();
        nint text = Marshal.StringToCoTaskMemUTF8(path);
        try
        {
            var info = new LoadInfo { Strength = strength, Text = text, Length = Encoding.UTF8.GetByteCount(path), Capacity = Encoding.UTF8.GetByteCount(path) };
            var list = new NativeVector { Begin = (nint)(&info), End = (nint)(&info + 1), Capacity = (nint)(&info + 1) };
            VectorData data;
            var load = (delegate* unmanaged<VectorData*, NativeVector*, VectorData*>)LlamaCpp.Symbol("libllama-common", Reader);
            load(&data, &list);
            if (data.Width <= 0)
                return null;
            return (new ReadOnlySpan<float>((float*)data.Data.Begin, (int)((data.Data.End - data.Data.Begin) / sizeof(float))).ToArray(), data.Width);
        }
        finally
        {
            Marshal.FreeCoTaskMem(text);
        }
    }

    // common_control_vector_load_info {float strength; std::string fname;}, as libstdc++ lays it out
    [StructLayout(LayoutKind.Sequential)]
    private struct LoadInfo
    {
        public float Strength;
        public nint Text;
        public nint Length;
        public nint Capacity, Unused; // the union with the short text
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct NativeVector
    {
        public nint Begin, End, Capacity;
    }

    // common_control_vector_data {int n_embd; std::vector<float> data;}
    [StructLayout(LayoutKind.Sequential)]
    private struct VectorData
    {
        public int Width;
        public NativeVector Data;
    }
}
