using System.Buffers.Binary;
using System.Text;

namespace Managed.Loader;

/// <summary>An array of strings as it lies in a GGUF file: UTF-8, each behind its length. Read without a string for each.</summary>
/// <param name="file">The file, which must be open while the strings are read.</param>
/// <param name="at">Offset of the first length; all that follows was checked when the file was opened.</param>
/// <param name="count">Number of strings.</param>
internal readonly unsafe struct GgufTexts(FileBytes file, long at, int count)
{
    public int Count => count;

    public Enumerator GetEnumerator()
    {
        if (count == 0)
            return default;
        ObjectDisposedException.ThrowIf(file.IsDisposed, file);
        return new Enumerator(file.Pointer + at, count);
    }

    public string[] ToArray()
    {
        var texts = new string[count];
        int i = 0;
        foreach (ReadOnlySpan<byte> text in this)
            texts[i++] = Encoding.UTF8.GetString(text);
        return texts;
    }

    /// <summary>Walks over the strings in their order.</summary>
    public ref struct Enumerator(byte* next, int left)
    {
        private byte* next = next;
        private int left = left;

        public ReadOnlySpan<byte> Current { get; private set; }

        public bool MoveNext()
        {
            if (left-- <= 0)
                return false;
            int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(new ReadOnlySpan<byte>(next, sizeof(ulong)));
            Current = new ReadOnlySpan<byte>(next + sizeof(ulong), length);
            next += sizeof(ulong) + length;
            return true;
        }
    }
}
