/** Tags as people write them: between commas of either width, each once. */
export function splitTags(text: string): readonly string[] {
  return [...new Set(text.split(/[,，、;；\n]/).map((tag) => tag.trim()).filter(Boolean))];
}
